"""Records summed by what they are asked for and priced by, in whole numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from bursar.adapters.usage_files.group_keys import keys_of, parts_of
from bursar.adapters.usage_files.name_codes import NameCodes
from bursar.adapters.usage_files.price_segments import PriceSegments, times_of
from bursar.adapters.usage_files.record_columns import Records
from bursar.adapters.usage_files.rows import NEVER, SUMMED
from bursar.adapters.usage_files.word_table import WordTable
from bursar.adapters.usage_files.words import Integers, Mask
from bursar.domain.usage.file_costs import Dimension
from bursar.domain.usage.grouped_usage import EXACT_INTEGERS, TOKENS, GroupedUsage, Labels, Numbers

if TYPE_CHECKING:
    from bursar.ports import TokenPriceSchedule

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 10**6
TIMES = {Dimension.DAY: 86_400 * _SECOND, Dimension.HOUR: 3600 * _SECOND}  # microseconds
SUMS_OF = dict(zip(SUMMED, ("requests", *TOKENS), strict=True))  # by column
_FLOAT_EXACT = 2**53
_FEW_MORE = 4  # groups than records: to sum into all is sooner than into theirs

Rejections = list[tuple[Mask, str]]


class UsageSums:
    """Groups that grow as records are added."""

    def __init__(self, by: Sequence[Dimension], book: TokenPriceSchedule) -> None:
        self._by = tuple(by)
        columns = dict.fromkeys(["provider", "model", *(each for each in by if each not in TIMES)])
        self._tick = min((TIMES[each] for each in by if each in TIMES), default=0)
        self._names = NameCodes(list(columns))
        self._prices = PriceSegments(self._names, book)
        self._groups: WordTable | None = None  # of keys; without it, each name is a group
        self._sums: dict[str, Numbers] = {"records": np.zeros(64, np.int64)}
        self._most = 0

    def codes(self, records: Records) -> tuple[Records, Integers, Rejections]:
        """The group of each record; records that need a time and have none are rejected."""
        names, heads = self._names.of(records)
        if len(heads):
            self._prices.learn(names[heads])
        if not self._tick and not self._prices.any_changes:
            return records, names, []
        if self._groups is None:
            self._groups = self._grouped_by_keys(len(self._names) - len(heads))
        prices = self._prices.of(names)
        segments, timeless = self._prices.segments(records, prices)
        rejections: Rejections = []
        if timeless.any():
            rejections.append((timeless, "at is missing: the price of its model is dated"))
        buckets = np.zeros(len(records), np.int64)
        if self._tick:
            at = times_of(records)
            rejections.append(((at == NEVER) & ~timeless, "at is missing"))
            buckets = np.maximum(at, 0) // self._tick
        refused = np.zeros(len(records), np.bool_)
        for mask, _ in rejections:
            refused |= mask
        if refused.any():
            kept = ~refused
            records, names, prices = records.where(kept), names[kept], prices[kept]
            segments, buckets = segments[kept], buckets[kept]
        groups, heads = self._groups.of(_as_row(keys_of(names, segments, buckets)))
        if len(heads) and self._prices.any_changes:
            self._prices.tell(records, heads, prices[heads], segments[heads])
        return records, groups, rejections

    def add(self, records: Records, groups: Integers, *, times: int = 1) -> None:
        """Add what records count, or with `times=-1` take it away again."""
        if not len(groups):
            return
        told: dict[str, Integers] = {
            name: records.counts[column]
            for column, name in SUMS_OF.items()
            if column in records.counts
        }
        self._make_room(told, len(groups))
        if self._width <= _FEW_MORE * len(groups):
            self._add_densely(told, groups, times)
        else:
            self._add_sparsely(told, groups, times)

    def groups(self) -> GroupedUsage:
        """Those that there are."""
        names = np.arange(len(self._names))
        segments = buckets = np.zeros(len(names), np.int64)
        if self._groups is not None:
            names, segments, buckets = parts_of(self._groups.words(0).view(np.int64))
        prices, priced = self._prices.priced_as(self._prices.of(names), segments)
        sums = {name: told[: len(names)] for name, told in self._sums.items()}
        sums.setdefault("requests", sums["records"])
        return GroupedUsage(
            tuple(self._labels(each, names, buckets) for each in self._by), prices, priced, sums
        )

    def _labels(self, dimension: Dimension, names: Integers, buckets: Integers) -> Labels:
        if dimension in TIMES:
            return labels_of_times(dimension, buckets * self._tick)
        texts, codes = self._names.labels(dimension)
        return Labels(texts, codes if self._groups is None else codes[names])

    def _grouped_by_keys(self, before: int) -> WordTable:
        """The groups of the names before, told by their keys; sums move to where these are."""
        groups, none = WordTable(), np.zeros(before, np.int64)
        numbers, _ = groups.of(_as_row(keys_of(np.arange(before), none, none)))
        for name, told in self._sums.items():
            self._sums[name] = np.zeros_like(told)
            self._sums[name][numbers] = told[:before]
        return groups

    @property
    def _width(self) -> int:
        return len(self._names if self._groups is None else self._groups)

    def _add_densely(self, told: Mapping[str, Integers], groups: Integers, times: int) -> None:
        """By sums of all groups."""
        width = self._width
        records = times * np.bincount(groups, minlength=width)
        for name, sums in self._sums.items():
            if name in told:
                sums[:width] += times * _summed(groups, told[name], width)
            elif name in ("records", "requests"):  # of those that do not tell it there was one
                sums[:width] += records

    def _add_sparsely(self, told: Mapping[str, Integers], groups: Integers, times: int) -> None:
        """One by one."""
        for name, sums in self._sums.items():
            if name in told:
                np.add.at(sums, groups, times * told[name].astype(sums.dtype))
            elif name in ("records", "requests"):
                np.add.at(sums, groups, np.full(len(groups), times).astype(sums.dtype))

    def _make_room(self, told: Mapping[str, Integers], records: int) -> None:
        sums = self._sums
        for name in told.keys() - sums.keys():
            sums[name] = sums["records"].copy() if name == "requests" else sums["records"] * 0
        if (width := self._width) > len(sums["records"]):
            room = max(width, len(sums["records"]) * 5 // 4)
            for name, each in sums.items():
                sums[name] = np.concatenate((each, np.zeros(room - len(each), each.dtype)))
        self._most += records * max([1, *(int(each.max()) for each in told.values())])
        if self._most >= EXACT_INTEGERS and sums["records"].dtype != object:
            for name, each in sums.items():
                sums[name] = each.astype(object)  # Python's own integers


def labels_of_times(dimension: Dimension, microseconds: Integers) -> Labels:
    """The day or the hour that each time since 1970 lies in."""
    distinct, of = np.unique(microseconds // TIMES[dimension], return_inverse=True)
    tick = timedelta(microseconds=TIMES[dimension])
    shape = "%Y-%m-%d" if dimension is Dimension.DAY else "%Y-%m-%dT%H:00:00Z"
    return Labels([(_EPOCH + each * tick).strftime(shape) for each in distinct.tolist()], of)


def _as_row(keys: Integers) -> dict[int, np.ndarray]:
    return {0: keys.view(np.uint64)}


def _summed(groups: Integers, count: Integers, width: int) -> Numbers:
    """Sums by group, exact at any size."""
    most = int(count.max()) * len(count)
    if most < _FLOAT_EXACT:
        return np.bincount(groups, weights=count, minlength=width).astype(np.int64)
    sums = np.zeros(width, np.int64 if most < EXACT_INTEGERS else object)
    np.add.at(sums, groups, count.astype(sums.dtype))
    return sums
