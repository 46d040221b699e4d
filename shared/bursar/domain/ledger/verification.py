"""Do the balances say what the entries say? Differences by leaf, and their correction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from hashlib import sha256

from bursar.domain.ledger.entries import Entry, EntryId, Leaf, LeafKey
from bursar.domain.ledger.months import month_name

LEDGER = "bursar"  # the producer of the ledger's own corrections


@dataclass(frozen=True, slots=True)
class Difference:
    """A leaf that is not the sum of its entries."""

    key: LeafKey
    entries_say: Leaf
    leaf_says: Leaf

    @property
    def missing(self) -> Leaf:
        """What the leaf lacks; below zero where it has too much."""
        return self.entries_say + -self.leaf_says


def compare(
    entries_say: Mapping[LeafKey, Leaf], leaves_say: Mapping[LeafKey, Leaf]
) -> list[Difference]:
    """The leaves that differ, by key; one that is absent is empty."""
    none = Leaf()
    return [
        Difference(key, entries_say.get(key, none), leaves_say.get(key, none))
        for key in sorted(entries_say.keys() | leaves_say.keys())
        if entries_say.get(key, none) != leaves_say.get(key, none)
    ]


@dataclass(frozen=True, slots=True)
class Corrected:
    """A difference, and the corrections of it that closes have posted: none, or some."""

    difference: Difference
    corrections: tuple[Entry, ...] = ()

    @property
    def rest(self) -> Difference:
        """The difference as it is now: the leaf with what the corrections add to it."""
        leaf = sum((each.adds for each in self.corrections), start=self.difference.leaf_says)
        return replace(self.difference, leaf_says=leaf)

    @property
    def is_right(self) -> bool:
        return self.rest.missing == Leaf()

    @property
    def next_name(self) -> EntryId:
        """Of the correction after those: a close that is repeated posts each once."""
        text, number = repr(tuple(map(str, self.difference.key))), len(self.corrections)
        name = f"close-{sha256(text.encode()).hexdigest()[:32]}"
        return LEDGER, f"{name}-{number}" if number else name


def correction(corrected: Corrected, hour: datetime) -> Entry:
    """An entry that puts right what is left of a difference, as an adjustment of the leaf's month.

    All is corrected up or down: leaf and adjustment together are the sum of the leaf's entries.
    """
    key, missing = corrected.difference.key, corrected.rest.missing
    producer, id_ = corrected.next_name
    return Entry(
        producer=producer,
        id=id_,
        digest=sha256(repr(astuple(missing)).encode()).hexdigest()[:32],
        at=key.hour,
        key=key._replace(hour=hour, adjusts=month_name(key.hour)),
        requests=missing.requests,
        tokens=missing.tokens,
        amounts=missing.amounts,
        counts_as=missing.entries,
    )
