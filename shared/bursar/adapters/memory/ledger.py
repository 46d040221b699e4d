"""The ledger in memory: entries, leaves, gates, windows and conflicts, changed together."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime
from threading import Lock

from bursar.adapters.memory.allowances import MemoryAllowances
from bursar.domain.admission.draws import Draw, by_window
from bursar.domain.admission.reservations import (
    HoldRefusal,
    HoldRefusedError,
    HoldStatus,
    Reservation,
    freed,
)
from bursar.domain.governance.consumption import AllowanceError
from bursar.domain.ledger.budget_windows import BudgetWindow, WindowBalance, WindowNotOpenError
from bursar.domain.ledger.entries import Entry, EntryId, Leaf, LeafKey
from bursar.domain.ledger.months import (
    FreezeTakenOverError,
    MonthClosedError,
    MonthState,
    TouchedHour,
)
from bursar.domain.ledger.postings import CancelReason, Posting, PostingCancelledError
from bursar.domain.money import Money
from bursar.domain.periods import Window, hour_of, hours

_DUE_AT_MOST = 1_000


class MemoryLedger:
    """LedgerStore, EntryReader, TouchedHours, MonthGates, EnforcedWindows and
    ReservationStore in one."""

    def __init__(self, allowances: MemoryAllowances | None = None) -> None:
        self._lock = Lock()
        self._allowances = allowances or MemoryAllowances()
        self._entries: dict[EntryId, Entry] = {}
        self._settled: dict[datetime, set[EntryId]] = {}
        self._leaves: dict[datetime, dict[LeafKey, Leaf]] = {}
        self._marks: dict[datetime, str] = {}
        self._failed: dict[datetime, str] = {}  # why marked hours could not be stated
        self._posted: dict[datetime, int] = {}  # how often
        self._months: dict[str, MonthState] = {}
        self._frozen_by: dict[str, str | None] = {}
        self._windows: dict[BudgetWindow, WindowBalance] = {}
        self._bases: dict[BudgetWindow, Money] = {}  # the limits as configured
        self._stops: dict[BudgetWindow, Set[str]] = {}
        self._reservations: dict[str, Reservation] = {}
        self._holds: dict[EntryId, str] = {}

    def post(self, posting: Posting, shard: int) -> None:  # noqa: ARG002 - nothing is hot here
        with self._lock:
            self._refuse(posting)
            for entry in posting.entries:
                self._entries[entry.name] = replace(entry, user="")
            for entry in posting.settlements:
                self._settled.setdefault(hour_of(entry.at).start, set()).add(entry.name)
            for key, leaf in posting.leaves.items():
                leaves = self._leaves.setdefault(key.hour, {})
                leaves[key] = leaves.get(key, Leaf()) + leaf
            for window, (spent, freed) in posting.windows.items():
                self._move(window, spent=spent, reserved=-freed)
            self._return(posting.returned)
            for name, closing in posting.closings.items():
                old = closing.reservation
                self._reservations[old.id] = old.turned(old.settled)
                del self._holds[name]
            for hour in posting.hours:
                self.touch(hour, repr(posting.entries[0].name))
                self._posted[hour] = self._posted.get(hour, 0) + 1

    def digests(self, names: Collection[EntryId]) -> Mapping[EntryId, str]:
        return {name: entry.digest for name, entry in self.entries(names).items()}

    def holds(self, names: Collection[EntryId]) -> Mapping[EntryId, Reservation]:
        with self._lock:
            return {
                name: self._reservations[self._holds[name]]
                for name in names
                if name in self._holds
            }

    def leaves(self, hour: datetime, *, shadow: bool = False) -> Mapping[LeafKey, Leaf]:
        with self._lock:
            leaves = self._leaves.get(hour, {})
            return {key: leaf for key, leaf in leaves.items() if bool(key.shadow) is shadow}

    def leaves_between(self, window: Window) -> Iterator[Mapping[LeafKey, Leaf]]:
        for hour in hours(window):
            with self._lock:
                leaves = dict(self._leaves.get(hour.start, {}))
            yield leaves

    def posted_between(self, window: Window) -> Mapping[datetime, Hashable]:
        with self._lock:
            return {
                h.start: self._posted[h.start] for h in hours(window) if h.start in self._posted
            }

    def entries(self, names: Collection[EntryId]) -> Mapping[EntryId, Entry]:
        return {name: self._entries[name] for name in names if name in self._entries}

    def settled(self, hour: datetime) -> Collection[EntryId]:
        return frozenset(self._settled.get(hour, ()))

    def touch(self, hour: datetime, cause: str) -> None:
        self._marks[hour] = cause
        self._failed.pop(hour, None)

    def touched(self) -> Sequence[TouchedHour]:
        return [
            TouchedHour(hour, {"": mark}, self._failed.get(hour, ""))
            for hour, mark in sorted(self._marks.items())
        ]

    def fail(self, hour: TouchedHour, reason: str) -> None:
        with self._lock:
            if self._marks.get(hour.hour) == hour.marks[""]:
                self._failed[hour.hour] = reason

    def clear(self, hour: TouchedHour) -> bool:
        with self._lock:
            if self._marks.get(hour.hour) not in (None, hour.marks[""]):
                return False
            self._marks.pop(hour.hour, None)
            self._failed.pop(hour.hour, None)
            return True

    def state(self, month: str) -> MonthState:
        return self._months.get(month, MonthState.OPEN)

    def turn(self, month: str, to: MonthState, *, by: str | None = None) -> None:
        with self._lock:
            if self.state(month) is MonthState.CLOSED and (by or to is not MonthState.CLOSED):
                raise MonthClosedError(month)
            if to is MonthState.FROZEN:
                self._frozen_by[month] = by
            elif by and self._frozen_by.get(month) != by:
                if to is MonthState.CLOSED:
                    raise FreezeTakenOverError(month)
                return
            self._months[month] = to

    def open(self, window: BudgetWindow, limit: Money) -> None:
        zero = Money.zero()
        with self._lock:
            self._windows.setdefault(window, WindowBalance(limit, zero, zero, limit))
            self._bases.setdefault(window, limit)

    def balance(self, window: BudgetWindow) -> WindowBalance | None:
        return self._windows.get(window)

    def set_base(self, window: BudgetWindow, limit: Money) -> None:
        with self._lock:
            if window not in self._bases:
                raise WindowNotOpenError(f"{window.budget_id} from {window.starts_at.isoformat()}")
            self._raise_limit(window, limit - self._bases[window])
            self._bases[window] = limit

    def stop(self, window: BudgetWindow, stop_id: str) -> bool:
        """Grant nothing of an open window while the stop stands; False where it is not open."""
        return self._set_stops(window, add={stop_id})

    def resume(self, window: BudgetWindow, stop_id: str) -> bool:
        return self._set_stops(window, remove={stop_id})

    def reserve(self, reservation: Reservation) -> None:
        event, raised = reservation.event, by_window(reservation.drawn)
        with self._lock:
            if (
                reservation.id in self._reservations
                or event in self._entries
                or event in self._holds
            ):
                raise HoldRefusedError(HoldRefusal.EXISTS)
            for window, amount in reservation.held.items():
                own = amount - raised.get(window, Money.zero())
                if window not in self._windows or self._is_short(window, own):
                    raise HoldRefusedError(HoldRefusal.SHORT)
            self._draw(reservation.drawn, reservation.created_at)
            for window, amount in reservation.held.items():
                self._move(window, reserved=amount)
            self._reservations[reservation.id] = reservation
            if event:
                self._holds[event] = reservation.id

    def close(self, reservations: Sequence[Reservation], to: HoldStatus) -> None:
        closed = [each.turned(to) for each in reservations]
        with self._lock:
            if any(self._reservations.get(each.id) != each for each in reservations):
                raise HoldRefusedError(HoldRefusal.CHANGED)
            for window, amount in freed(reservations).items():
                self._move(window, reserved=-amount)
            self._return([draw for each in reservations for draw in each.returns({})])
            for each in closed:
                self._reservations[each.id] = each
                if each.event and not each.awaits_usage:
                    del self._holds[each.event]

    def cover(self, drawn: Sequence[Draw], at: datetime) -> None:
        with self._lock:
            for window, over in by_window(drawn).items():
                if window not in self._windows or self._windows[window].available > -over:
                    raise HoldRefusedError(HoldRefusal.SHORT)
            self._draw(drawn, at)

    def find(self, reservation_id: str) -> Reservation | None:
        return self._reservations.get(reservation_id)

    def due(self, by: datetime) -> Sequence[Reservation]:
        with self._lock:
            due = [
                each
                for each in self._reservations.values()
                if each.status is HoldStatus.OPEN and each.expires_at <= by
            ]
        return sorted(due, key=lambda each: (each.expires_at, each.id))[:_DUE_AT_MOST]

    def _draw(self, drawn: Sequence[Draw], at: datetime) -> None:
        try:
            self._allowances.debit_all(drawn, at)
        except AllowanceError:
            raise HoldRefusedError(HoldRefusal.SHORT) from None
        for window, amount in by_window(drawn).items():
            self._raise_limit(window, amount)

    def _return(self, returned: Sequence[Draw]) -> None:
        self._allowances.give_back_all(returned)
        for window, amount in by_window(returned).items():
            self._raise_limit(window, -amount)

    def _is_short(self, window: BudgetWindow, amount: Money) -> bool:
        balance = self._windows[window]
        return balance.stopped or balance.available < amount

    def _set_stops(
        self, window: BudgetWindow, *, add: Set[str] = frozenset(), remove: Set[str] = frozenset()
    ) -> bool:
        with self._lock:
            if window not in self._windows:
                return False
            stops = (self._stops.get(window, frozenset()) | add) - remove
            self._stops[window] = stops
            self._windows[window] = replace(self._windows[window], stopped=bool(stops))
            return True

    def _move(self, window: BudgetWindow, *, spent: Money | None = None, reserved: Money) -> None:
        old, more = self._windows[window], spent or Money.zero()
        self._windows[window] = replace(
            old,
            spent=old.spent + more,
            reserved=old.reserved + reserved,
            available=old.available - more - reserved,
        )

    def _raise_limit(self, window: BudgetWindow, by: Money) -> None:
        old = self._windows[window]
        self._windows[window] = replace(old, limit=old.limit + by, available=old.available + by)

    def _refuse(self, posting: Posting) -> None:
        states = {month: self.state(month) for month in posting.months}
        closed = {month for month, state in states.items() if state is MonthState.CLOSED}
        if closed:
            raise PostingCancelledError(CancelReason.CLOSED_MONTH, frozenset(closed))
        if any(entry.name in self._entries for entry in posting.entries):
            raise PostingCancelledError(CancelReason.EXISTS)
        for name in (entry.name for entry in posting.entries):
            closing = posting.closings.get(name)
            if self._holds.get(name) != (closing.reservation.id if closing else None):
                raise PostingCancelledError(CancelReason.EXISTS)
            if closing and self._reservations[closing.reservation.id] != closing.reservation:
                raise PostingCancelledError(CancelReason.HOLD_CHANGED)
        if any(window not in self._windows for window in posting.windows):
            raise PostingCancelledError(CancelReason.NO_WINDOW)
        if MonthState.FROZEN in states.values():
            raise PostingCancelledError(CancelReason.FROZEN_MONTH)
