"""Usage summed by group, in columns: there may be as many groups as records."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bursar.domain.usage.records import TokenCounts

TOKENS = tuple(each.name for each in fields(TokenCounts))
SUMMED = ("records", "requests", *TOKENS)

EXACT_INTEGERS = 2**62  # that int64 holds, and their sums by float64 do not miss

Indexes: TypeAlias = NDArray[np.int64]
Numbers: TypeAlias = NDArray[Any]  # int64, or Python's own where they may be larger


class PricedAs(NamedTuple):
    """What one price row and context tier hold for.

    `at` and `mean_input`, rounded up, are those of one of the records; `at` is None where no
    record needs it.
    """

    provider: str
    model: str
    batch: bool
    at: datetime | None = None
    mean_input: int = 0


class Labels(NamedTuple):
    """Which text each group has: `texts` are distinct and rise, `codes` are their places."""

    texts: Sequence[str]
    codes: Indexes


@dataclass(frozen=True, slots=True)
class GroupedUsage:
    """Groups, each of records that are priced alike.

    `by` has the labels of each dimension asked for. `sums` are by the names of SUMMED, where they
    are not 0 in all groups.
    """

    by: tuple[Labels, ...]
    prices: Sequence[PricedAs]
    priced: Indexes  # the place of each group's among the prices
    sums: Mapping[str, Numbers]

    def __len__(self) -> int:
        return len(self.priced)


def joined(parts: Sequence[GroupedUsage]) -> GroupedUsage:
    """The groups of all; of those that are alike, each is there."""
    parts = [part for part in parts if len(part)] or parts[:1]
    if len(parts) == 1:
        return parts[0]
    prices: dict[PricedAs, int] = {}
    places = [[prices.setdefault(each, len(prices)) for each in part.prices] for part in parts]
    priced = [
        np.array(own, np.int64)[part.priced] for own, part in zip(places, parts, strict=True)
    ]
    sums = {
        name: np.concatenate(
            [part.sums.get(name, np.zeros(len(part), np.int64)) for part in parts]
        )
        for name in SUMMED
        if any(name in part.sums for part in parts)
    }
    by = map(_joined_labels, zip(*(part.by for part in parts), strict=True))
    return GroupedUsage(tuple(by), list(prices), np.concatenate(priced), sums)


def merged(groups: GroupedUsage) -> GroupedUsage:
    """Groups that are alike summed, in the order of their dimensions. A group may take back what
    others have: those of no records are left out."""
    columns = [*(labels.codes for labels in groups.by), groups.priced]
    order = np.lexsort(columns[::-1])
    starts = first_of_each([column[order] for column in columns])

    def summed(name: str) -> Numbers:
        return np.add.reduceat(_wide(groups.sums[name])[order], starts)

    kept = np.flatnonzero(summed("records"))
    heads = order[starts[kept]]
    return GroupedUsage(
        tuple(Labels(texts, codes[heads]) for texts, codes in groups.by),
        groups.prices,
        groups.priced[heads],
        {name: summed(name)[kept] for name in groups.sums},
    )


def first_of_each(columns: Sequence[Indexes]) -> Indexes:
    """Where another begins, of rows in order."""
    new = np.zeros(len(columns[0]), np.bool_)
    new[:1] = True
    for column in columns:
        new[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(new)


def _wide(told: Numbers) -> Numbers:
    """Python's own integers, where sums may need them."""
    return told if float(np.abs(told).sum(dtype=float)) < EXACT_INTEGERS else told.astype(object)


def _joined_labels(parts: Sequence[Labels]) -> Labels:
    """Mostly one part has nearly all of the texts."""
    texts = max((part.texts for part in parts), key=len)
    more = {text for part in parts if part.texts is not texts for text in part.texts}
    if more := {text for text in more if not _has(texts, text)}:
        texts = sorted([*texts, *more])
    places = (
        np.array([bisect_left(texts, text) for text in part.texts], np.int64) for part in parts
    )
    return Labels(
        texts,
        np.concatenate([own[part.codes] for own, part in zip(places, parts, strict=True)]),
    )


def _has(texts: Sequence[str], text: str) -> bool:
    place = bisect_left(texts, text)
    return place < len(texts) and texts[place] == text
