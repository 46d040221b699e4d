"""Do the balances say what the entries say? Differences by leaf, and their correction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from datetime import datetime
from hashlib import sha256

from bursar.domain.ledger.entries import Entry, EntryId, Leaf, LeafKey
from bursar.domain.ledger.months import month_name
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.records import TokenCounts, UsageRecordError

LEDGER = "bursar"  # the producer of the ledger's own corrections


@dataclass(frozen=True, slots=True)
class Difference:
    """A leaf that is not the sum of its entries."""

    key: LeafKey
    entries_say: Leaf
    leaf_says: Leaf

    @property
    def missing(self) -> ClassAmounts:
        """What the leaf lacks; below zero where it has too much."""
        return self.entries_say.amounts + -self.leaf_says.amounts


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


def correction_name(key: LeafKey) -> EntryId:
    """Of a leaf's correction: a close that is repeated posts it once."""
    text = repr(tuple(map(str, key)))
    return LEDGER, f"close-{sha256(text.encode()).hexdigest()[:32]}"


def correction(difference: Difference, hour: datetime) -> Entry:
    """An entry that puts a difference right, as an adjustment of the leaf's month.

    Money is corrected up or down; counts only up, for no entry has fewer than no tokens.
    """
    says, has, amounts = difference.entries_say, difference.leaf_says, difference.missing
    requests, tokens = max(says.requests - has.requests, 0), _more(says.tokens, has.tokens)
    told = repr((requests, astuple(tokens), astuple(amounts)))
    producer, id_ = correction_name(difference.key)
    return Entry(
        producer=producer,
        id=id_,
        digest=sha256(told.encode()).hexdigest()[:32],
        at=difference.key.hour,
        key=difference.key._replace(hour=hour, adjusts=month_name(difference.key.hour)),
        requests=requests,
        tokens=tokens,
        amounts=amounts,
    )


def _more(wanted: TokenCounts, has: TokenCounts) -> TokenCounts:
    parts = (one - other for one, other in zip(astuple(wanted), astuple(has), strict=True))
    try:
        return TokenCounts(*parts)
    except UsageRecordError:
        return TokenCounts()
