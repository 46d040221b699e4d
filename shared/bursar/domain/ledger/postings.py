"""Postings: what one transaction writes, never more than DynamoDB takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bursar.domain.admission.draws import Draw
from bursar.domain.admission.reservations import Closing
from bursar.domain.admission.settlements import is_settlement
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.ledger.entries import Entry, EntryId, Leaf, LeafKey
from bursar.domain.ledger.months import month_name
from bursar.domain.money import Money

MOST_ITEMS = 100  # of one TransactWriteItems


@dataclass(frozen=True, slots=True)
class Posting:
    """New entries, and the sums that they add to their balances.

    `months` are those (`2026-11`) that the entries' hours lie in: each one's gate is checked.
    `hours` are marked as touched, so that their statements are made anew. `closings` are the
    reservations that end with their entry, by its name; `freed` is what they held, `returned`
    what goes back to approved exceptions of it.
    """

    entries: tuple[Entry, ...]
    leaves: Mapping[LeafKey, Leaf]
    charges: Mapping[BudgetWindow, Money] = field(default_factory=dict)
    closings: Mapping[EntryId, Closing] = field(default_factory=dict)
    freed: Mapping[BudgetWindow, Money] = field(default_factory=dict)
    returned: tuple[Draw, ...] = ()

    @property
    def windows(self) -> Mapping[BudgetWindow, tuple[Money, Money]]:
        """What each window spends more, and what it gets back of what was reserved."""
        zero = Money.zero()
        return {
            window: (self.charges.get(window, zero), self.freed.get(window, zero))
            for window in self.charges.keys() | self.freed.keys()
        }

    @property
    def months(self) -> frozenset[str]:
        return frozenset(month_name(key.hour) for key in self.leaves)

    @property
    def hours(self) -> frozenset[datetime]:
        return frozenset(key.hour for key in self.leaves)

    @property
    def settlements(self) -> tuple[Entry, ...]:
        """Those of the entries that are kept in a list of their hour."""
        return tuple(entry for entry in self.entries if is_settlement(entry))

    @property
    def items(self) -> int:
        """Entries, leaves, windows, closings, exceptions, a gate a month, a mark an hour, and
        a line of the list for each settlement."""
        exceptions = {each.exception for each in self.returned}
        balances = len(self.leaves) + len(self.windows) + len(self.closings) + len(exceptions)
        marks = len(self.months) + len(self.hours) + len(self.settlements)
        return len(self.entries) + balances + marks


class CancelReason(StrEnum):
    """Why nothing of a posting was written; of several reasons, the first of these."""

    CLOSED_MONTH = "closed_month"
    EXISTS = "exists"  # or a reservation waits for the entry, and the posting closes it not
    HOLD_CHANGED = "hold_changed"  # a reservation is not in the status that it was read in
    NO_WINDOW = "no_window"  # an enforced budget's window is not opened yet
    FROZEN_MONTH = "frozen_month"
    CONFLICT = "conflict"  # another transaction held one of the items
    THROTTLED = "throttled"


class PostingCancelledError(Exception):
    """Nothing of the posting was written. `months` are the closed ones, if that was why."""

    def __init__(self, reason: CancelReason, months: frozenset[str] = frozenset()) -> None:
        super().__init__(f"{reason} {' '.join(sorted(months))}".rstrip())
        self.reason = reason
        self.months = months


class PostingUnansweredError(Exception):
    """Nobody knows whether the posting was written: the answer was lost, or was a server error."""
