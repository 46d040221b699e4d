"""Postings: what one transaction writes, never more than DynamoDB takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bursar.domain.ledger.entries import Entry, Leaf, LeafKey
from bursar.domain.money import Money

MOST_ITEMS = 100  # of one TransactWriteItems


@dataclass(frozen=True, slots=True)
class BudgetWindow:
    """One window of an enforced budget: a charge raises `spent` and lowers `available`."""

    budget_id: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Posting:
    """New entries, and the sums that they add to their balances.

    `months` are those (`2026-11`) that the entries' hours lie in: none of them may be closed.
    """

    entries: tuple[Entry, ...]
    leaves: Mapping[LeafKey, Leaf]
    charges: Mapping[BudgetWindow, Money] = field(default_factory=dict)

    @property
    def months(self) -> frozenset[str]:
        return frozenset(f"{key.hour:%Y-%m}" for key in self.leaves)

    @property
    def items(self) -> int:
        return len(self.entries) + len(self.leaves) + len(self.charges) + len(self.months)
