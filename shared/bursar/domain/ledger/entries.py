"""Entries and leaves: one entry for each usage record, one leaf for each hour and combination.

An entry is named by (producer, id) and never changes. A leaf is the sum of the entries of one
UTC hour, tenant, model, feature and key; every higher figure is a sum of leaves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.records import TokenSums

EntryId = tuple[str, str]  # producer, and the producer's id


class Pricing(StrEnum):
    """`unpriced`: no price was known, the amount is not 0 but missing. `self_hosted`: the money
    is in the cluster's costs, and the tokens say whose it is."""

    PRICED = "priced"
    UNPRICED = "unpriced"
    SELF_HOSTED = "self_hosted"


class LeafKey(NamedTuple):
    """What the entries of a leaf have in common. A tuple: a batch hashes thousands of them.

    `adjusts` names the closed month (`2026-10`) that late entries belong to; they stand in the
    hour that they came in. `shadow` names a source that is compared and not added: another one
    bills for the model.
    """

    hour: datetime  # its start, in UTC
    tenant: str
    model: str
    feature: str = ""
    key: str = ""
    provider: str = ""
    pricing: Pricing = Pricing.PRICED
    adjusts: str = ""
    shadow: str = ""


@dataclass(frozen=True, slots=True)
class Leaf:
    """Sums over `entries` entries."""

    entries: int = 0
    requests: int = 0
    tokens: TokenSums = field(default_factory=TokenSums)
    amounts: ClassAmounts = field(default_factory=ClassAmounts)

    def __add__(self, other: Leaf) -> Leaf:
        return Leaf(
            self.entries + other.entries,
            self.requests + other.requests,
            self.tokens + other.tokens,
            self.amounts + other.amounts,
        )

    def __neg__(self) -> Leaf:
        return Leaf(-self.entries, -self.requests, -self.tokens, -self.amounts)


@dataclass(frozen=True, slots=True)
class Entry:
    """A usage record as it was posted: what it adds to its leaf.

    `digest` is of the producer's fields alone: the same id told again with the same digest is
    a duplicate, with another one a conflict. A correction tells what its leaf lacks, below
    zero where that is too much, and `counts_as` so many entries.
    """

    producer: str
    id: str
    digest: str
    at: datetime
    key: LeafKey
    requests: int
    tokens: TokenSums
    amounts: ClassAmounts
    user: str = ""
    counts_as: int = 1

    @property
    def name(self) -> EntryId:
        return self.producer, self.id

    @property
    def adds(self) -> Leaf:
        return Leaf(self.counts_as, self.requests, self.tokens, self.amounts)


def sum_leaves(entries: Iterable[Entry]) -> dict[LeafKey, Leaf]:
    sums: dict[LeafKey, Leaf] = {}
    for entry in entries:
        sums[entry.key] = sums.get(entry.key, Leaf()) + entry.adds
    return sums
