"""The ledger in memory: entries, leaves, gates, windows and conflicts, changed together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from threading import Lock

from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.domain.alerts import OutboxRow
from bursar.domain.ledger.conflicts import Conflict
from bursar.domain.ledger.entries import Entry, EntryId, Leaf, LeafKey
from bursar.domain.ledger.postings import (
    BudgetWindow,
    CancelReason,
    MonthClosedError,
    MonthState,
    Posting,
    PostingCancelledError,
    TouchedHour,
    WindowBalance,
)
from bursar.domain.money import Money


class MemoryLedger:
    """LedgerStore, EntryReader, TouchedHours, MonthGates and EnforcedWindows in one."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: dict[EntryId, Entry] = {}
        self._leaves: dict[datetime, dict[LeafKey, Leaf]] = {}
        self._marks: dict[datetime, str] = {}
        self._months: dict[str, MonthState] = {}
        self._windows: dict[BudgetWindow, WindowBalance] = {}

    def post(self, posting: Posting, shard: int) -> None:  # noqa: ARG002 - nothing is hot here
        with self._lock:
            self._refuse(posting)
            for entry in posting.entries:
                self._entries[entry.name] = replace(entry, user="")
            for key, leaf in posting.leaves.items():
                leaves = self._leaves.setdefault(key.hour, {})
                leaves[key] = leaves.get(key, Leaf()) + leaf
            for window, amount in posting.charges.items():
                old = self._windows[window]
                spent, available = old.spent + amount, old.available - amount
                self._windows[window] = replace(old, spent=spent, available=available)
            for hour in posting.hours:
                self._marks[hour] = repr(posting.entries[0].name)

    def digests(self, names: Collection[EntryId]) -> Mapping[EntryId, str]:
        return {name: entry.digest for name, entry in self.entries(names).items()}

    def leaves(self, hour: datetime, *, shadow: bool = False) -> Mapping[LeafKey, Leaf]:
        with self._lock:
            leaves = self._leaves.get(hour, {})
            return {key: leaf for key, leaf in leaves.items() if bool(key.shadow) is shadow}

    def entries(self, names: Collection[EntryId]) -> Mapping[EntryId, Entry]:
        return {name: self._entries[name] for name in names if name in self._entries}

    def touch(self, hour: datetime, cause: str) -> None:
        self._marks[hour] = cause

    def touched(self) -> Sequence[TouchedHour]:
        return [TouchedHour(hour, {"": mark}) for hour, mark in sorted(self._marks.items())]

    def clear(self, hour: TouchedHour) -> bool:
        with self._lock:
            if self._marks.get(hour.hour) not in (None, hour.marks[""]):
                return False
            self._marks.pop(hour.hour, None)
            return True

    def state(self, month: str) -> MonthState:
        return self._months.get(month, MonthState.OPEN)

    def turn(self, month: str, to: MonthState) -> None:
        with self._lock:
            if self.state(month) is MonthState.CLOSED and to is not MonthState.CLOSED:
                raise MonthClosedError(month)
            self._months[month] = to

    def open(self, window: BudgetWindow, limit: Money) -> None:
        zero = Money.zero()
        self._windows.setdefault(window, WindowBalance(limit, zero, zero, limit))

    def balance(self, window: BudgetWindow) -> WindowBalance | None:
        return self._windows.get(window)

    def _refuse(self, posting: Posting) -> None:
        states = {month: self.state(month) for month in posting.months}
        closed = {month for month, state in states.items() if state is MonthState.CLOSED}
        if closed:
            raise PostingCancelledError(CancelReason.CLOSED_MONTH, frozenset(closed))
        if any(entry.name in self._entries for entry in posting.entries):
            raise PostingCancelledError(CancelReason.EXISTS)
        if any(window not in self._windows for window in posting.charges):
            raise PostingCancelledError(CancelReason.NO_WINDOW)
        if MonthState.FROZEN in states.values():
            raise PostingCancelledError(CancelReason.FROZEN_MONTH)


class MemoryConflictLog:
    def __init__(self, outbox: MemoryOutbox) -> None:
        self._outbox = outbox
        self._kept: dict[EntryId, dict[str, Conflict]] = {}

    def record(self, conflict: Conflict, row: OutboxRow) -> bool:
        known = self._kept.setdefault((conflict.producer, conflict.id), {})
        if conflict.refused in known:
            return False
        if not known:
            self._outbox.put(row)
        known[conflict.refused] = conflict
        return True

    def recent(self) -> Sequence[Conflict]:
        kept = (each for known in self._kept.values() for each in known.values())
        return sorted(kept, key=lambda each: (each.seen_at, each.refused), reverse=True)[:200]
