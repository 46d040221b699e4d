"""A ledger that fails at its calls: before, after the commit, busy; and lets others in between."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from bursar.domain.admission.reservations import Reservation
from bursar.domain.alerts import OutboxRow
from bursar.domain.ledger.budget_windows import BudgetWindow, WindowBalance
from bursar.domain.ledger.conflicts import Conflict
from bursar.domain.ledger.enforced_budgets import EnforcedBudgets
from bursar.domain.ledger.entries import Entry, EntryId, Leaf, LeafKey
from bursar.domain.ledger.postings import (
    CancelReason,
    Posting,
    PostingCancelledError,
    PostingUnansweredError,
)
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.jobs.post_usage import LedgerBusyError, Posted, post_entries
from tests.contract.ledger_books import AT_ONCE, NOW, Books

Answer = TypeVar("Answer")
Batch = Sequence[Entry]


class CrashError(Exception):
    """The process ended here."""


class Fault(StrEnum):
    CRASH_BEFORE = "crash before"
    CRASH_AFTER = "crash after"  # for a posting: it is committed
    LOST_BEFORE = "lost before"  # no answer, and nothing written
    LOST_AFTER = "lost after"  # no answer, but committed
    THROTTLED = "throttled"
    CONFLICT = "conflict"


OF_POSTINGS = tuple(Fault)
OF_OTHER_CALLS = (Fault.CRASH_BEFORE, Fault.CRASH_AFTER)
CANCELLED = {
    Fault.THROTTLED: CancelReason.THROTTLED,
    Fault.CONFLICT: CancelReason.CONFLICT,
}


class Faulty:
    """LedgerStore, EnforcedWindows and ConflictLog, as the job calls them.

    Args:
        decide: the fault of the next call, out of those that it may have, or None.
        in_between: what others do just before a call.
    """

    def __init__(
        self,
        books: Books,
        decide: Callable[[Sequence[Fault]], Fault | None],
        in_between: Callable[[], None],
    ) -> None:
        self._books, self._decide, self._in_between = books, decide, in_between

    def post(self, posting: Posting, shard: int) -> None:
        self._call(lambda: self._books.ledger.post(posting, shard), OF_POSTINGS)

    def digests(self, names: Collection[EntryId]) -> Mapping[EntryId, str]:
        return self._call(lambda: self._books.ledger.digests(names))

    def holds(self, names: Collection[EntryId]) -> Mapping[EntryId, Reservation]:
        return self._call(lambda: self._books.ledger.holds(names))

    def leaves(self, hour: datetime, *, shadow: bool = False) -> Mapping[LeafKey, Leaf]:
        return self._call(lambda: self._books.ledger.leaves(hour, shadow=shadow))

    def leaves_between(self, window: Window) -> Iterator[Mapping[LeafKey, Leaf]]:
        return self._call(lambda: self._books.ledger.leaves_between(window))

    def posted_between(self, window: Window) -> Mapping[datetime, Hashable]:
        return self._call(lambda: self._books.ledger.posted_between(window))

    def open(self, window: BudgetWindow, limit: Money) -> None:
        self._call(lambda: self._books.windows.open(window, limit))

    def balance(self, window: BudgetWindow) -> WindowBalance | None:
        return self._call(lambda: self._books.windows.balance(window))

    def record(self, conflict: Conflict, row: OutboxRow) -> bool:
        return self._call(lambda: self._books.conflicts.record(conflict, row))

    def recent(self) -> Sequence[Conflict]:
        return self._call(self._books.conflicts.recent)

    def _call(
        self, call: Callable[[], Answer], faults: Sequence[Fault] = OF_OTHER_CALLS
    ) -> Answer:
        self._in_between()
        fault = self._decide(faults)
        if fault is Fault.CRASH_BEFORE:
            raise CrashError
        if fault is Fault.LOST_BEFORE:
            raise PostingUnansweredError
        if fault in CANCELLED:
            raise PostingCancelledError(CANCELLED[fault])
        answer = call()
        if fault is Fault.CRASH_AFTER:
            raise CrashError
        if fault is Fault.LOST_AFTER:
            raise PostingUnansweredError
        return answer


class Deliveries:
    """Batches that are delivered until each of their entries is settled, as a queue does."""

    def __init__(
        self,
        books: Books,
        batches: Sequence[Batch],
        *,
        decide: Callable[[Sequence[Fault]], Fault | None] = lambda _: None,
        others_come: Callable[[], bool] = lambda: False,
        budgets: EnforcedBudgets | None = None,
    ) -> None:
        self._waiting = deque(batches)
        self._faulty = Faulty(books, decide, self._let_others_in)
        self._others_come, self._budgets = others_come, budgets
        self._nested = 0
        self.done: list[Posted] = []

    def run(self) -> None:
        while self._waiting:
            self._deliver(self._waiting.popleft())

    def _deliver(self, batch: Batch) -> None:
        try:
            done = post_entries(
                batch,
                ledger=self._faulty,
                conflicts=self._faulty,
                windows=self._faulty,
                at=NOW,
                patience=AT_ONCE,
                budgets=self._budgets,
            )
        except CrashError:
            self._waiting.append(batch)
        except LedgerBusyError as busy:
            self.done.append(busy.done)
            self._waiting.append([entry for entry in batch if entry.name in busy.names])
        else:
            self.done.append(done)

    def _let_others_in(self) -> None:
        """Another worker delivers a whole batch between two calls of this one."""
        if self._waiting and self._nested < 3 and self._others_come():
            self._nested += 1
            self._deliver(self._waiting.popleft())
            self._nested -= 1
