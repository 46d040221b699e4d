"""A posting as one TransactWriteItems, and what its refusals mean."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from bursar.adapters.dynamodb.governance import allowances
from bursar.adapters.dynamodb.ledger import (
    entries,
    gates,
    holds,
    leaves,
    settled,
    touched,
    windows,
)
from bursar.adapters.dynamodb.ledger.writes import (
    Item,
    WriteCancelledError,
    WriteUnansweredError,
    write,
)
from bursar.domain.admission.draws import by_exception, by_window
from bursar.domain.admission.reservations import Reservation
from bursar.domain.ledger.entries import Entry, EntryId, Leaf, LeafKey
from bursar.domain.ledger.months import MonthState
from bursar.domain.ledger.postings import (
    CancelReason,
    Posting,
    PostingCancelledError,
    PostingUnansweredError,
)
from bursar.domain.periods import Window, hours

_ENTRY, _LEAF, _WINDOW, _HOLD, _GATE, _HOUR = "entry", "leaf", "window", "hold", "gate", "hour"
_ALLOWANCE, _SETTLED = "allowance", "settled"


class DynamoLedgerStore:
    def __init__(self, table: Any, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._table = table
        self._reader = entries.DynamoEntryReader(table, sleep=sleep)
        self._gates = gates.DynamoMonthGates(table)

    def post(self, posting: Posting, shard: int) -> None:
        try:
            write(self._table, _items(posting, shard))
        except WriteUnansweredError as error:
            raise PostingUnansweredError(str(error)) from error
        except WriteCancelledError as error:
            raise self._refusal(error, posting) from error

    def digests(self, names: Collection[EntryId]) -> Mapping[EntryId, str]:
        found = self._reader.entries(names)
        return {name: entry.digest for name, entry in found.items()}

    def holds(self, names: Collection[EntryId]) -> Mapping[EntryId, Reservation]:
        marks = self._reader.marks(names)
        found = {
            name: holds.find(self._table, reservation_id) for name, reservation_id in marks.items()
        }
        return {name: each for name, each in found.items() if each and each.awaits_usage}

    def leaves(self, hour: datetime, *, shadow: bool = False) -> Mapping[LeafKey, Leaf]:
        return leaves.of_hour(self._table, hour, shadow=shadow)

    def leaves_between(self, window: Window) -> Iterator[Mapping[LeafKey, Leaf]]:
        starts = [hour.start for hour in hours(window)]
        posted = touched.posted_hours(self._table, window)
        found = leaves.of_hours(self._table, [hour for hour in starts if hour in posted])
        for hour in starts:
            yield next(found) if hour in posted else {}

    def posted_between(self, window: Window) -> Mapping[datetime, Hashable]:
        return touched.posted_hours(self._table, window)

    def settled(self, hour: datetime) -> Collection[EntryId]:
        return settled.of_hour(self._table, hour)

    def _refusal(self, error: WriteCancelledError, posting: Posting) -> Exception:
        if _GATE in error.failed and (closed := self._closed(posting.months)):
            return PostingCancelledError(CancelReason.CLOSED_MONTH, closed)
        return PostingCancelledError(_reason(error))

    def _closed(self, months: Iterable[str]) -> frozenset[str]:
        return frozenset(
            month for month in months if self._gates.state(month) is MonthState.CLOSED
        )


def _reason(error: WriteCancelledError) -> CancelReason:
    of_kinds = {
        _ENTRY: CancelReason.EXISTS,
        _HOLD: CancelReason.HOLD_CHANGED,
        _ALLOWANCE: CancelReason.HOLD_CHANGED,
        _WINDOW: CancelReason.NO_WINDOW,
        _GATE: CancelReason.FROZEN_MONTH,
    }
    failed = (reason for kind, reason in of_kinds.items() if kind in error.failed)
    passing = CancelReason.CONFLICT if error.conflict else CancelReason.THROTTLED
    return next(failed, passing)


def _items(posting: Posting, shard: int) -> list[Item]:
    """Gates and marks are spread by the first entry: leaves of other tenants share them."""
    cause = sha256("\x1f".join(posting.entries[0].name).encode()).hexdigest()[:32]
    spread = (int(cause[0], 16) + shard) % gates.SHARDS
    lowered = by_window(posting.returned)
    return [
        *((_ENTRY, "Put", _entry(posting, each)) for each in posting.entries),
        *(
            (_LEAF, "Update", leaves.addition(key, leaf, shard))
            for key, leaf in posting.leaves.items()
        ),
        *(
            (_WINDOW, "Update", windows.charge(window, spent, freed, lowered.get(window)))
            for window, (spent, freed) in posting.windows.items()
        ),
        *(
            (_ALLOWANCE, "Update", allowances.give_back(name, amounts)["Update"])
            for name, amounts in by_exception(posting.returned).items()
        ),
        *(
            (_HOLD, "Update", holds.step(closing.reservation, closing.reservation.settled))
            for closing in posting.closings.values()
        ),
        *(
            (_GATE, "ConditionCheck", gates.check(month, spread))
            for month in sorted(posting.months)
        ),
        *(
            (_HOUR, "Update", touched.mark(hour, f"{spread:x}", cause))
            for hour in sorted(posting.hours)
        ),
        *((_SETTLED, "Put", {"Item": settled.item(each)}) for each in posting.settlements),
    ]


def _entry(posting: Posting, entry: Entry) -> dict[str, Any]:
    """A Put where nothing stands, or over the mark of the reservation that it closes."""
    request: dict[str, Any] = {"Item": entries.item(entry)}
    if closing := posting.closings.get(entry.name):
        return request | entries.is_marked(closing.reservation.id)
    return request | entries.ABSENT
