"""Reservations in DynamoDB: the windows, the reservation and its event's mark at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from bursar.adapters.dynamodb.governance import allowances
from bursar.adapters.dynamodb.ledger import entries, holds, windows
from bursar.adapters.dynamodb.ledger.writes import (
    Item,
    WriteCancelledError,
    WriteUnansweredError,
    write,
)
from bursar.adapters.dynamodb.paging import query
from bursar.domain.admission.draws import Draw, by_exception, by_window
from bursar.domain.admission.reservations import (
    HoldRefusal,
    HoldRefusedError,
    HoldStatus,
    HoldUnansweredError,
    Reservation,
    freed,
)
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.money import Money

_HOLD, _MARK, _WINDOW, _ALLOWANCE = "hold", "mark", "window", "allowance"
_AT_MOST = 1_000
_AFTER_ANY_ID = "~"


class DynamoReservationStore:
    def __init__(self, table: Any) -> None:
        self._table = table

    def reserve(self, reservation: Reservation) -> None:
        raised = by_window(reservation.drawn)
        self._write(
            [
                (_HOLD, "Put", {"Item": holds.item(reservation), **entries.ABSENT}),
                *(
                    (_WINDOW, "Update", windows.reserve(window, amount, raised.get(window)))
                    for window, amount in reservation.held.items()
                ),
                *_debits(reservation.drawn, reservation.created_at),
                *_mark(reservation),
            ],
            HoldRefusal.EXISTS,
        )

    def close(self, reservations: Sequence[Reservation], to: HoldStatus) -> None:
        released = reservations if to is HoldStatus.RELEASED else ()
        returned = [draw for each in reservations for draw in each.returns({})]
        lowered = by_window(returned)
        self._write(
            [
                *((_HOLD, "Update", holds.step(each, to)) for each in reservations),
                *(
                    (_WINDOW, "Update", _charge(window, amount, lowered.get(window)))
                    for window, amount in freed(reservations).items()
                ),
                *(
                    (_ALLOWANCE, "Update", allowances.give_back(name, amounts)["Update"])
                    for name, amounts in by_exception(returned).items()
                ),
                *(item for each in released for item in _unmark(each)),
            ],
            HoldRefusal.CHANGED,
        )

    def cover(self, drawn: Sequence[Draw], at: datetime) -> None:
        overruns = by_window(drawn).items()
        self._write(
            [
                *((_WINDOW, "Update", windows.cover(window, over)) for window, over in overruns),
                *_debits(drawn, at),
            ],
            HoldRefusal.CHANGED,
        )

    def find(self, reservation_id: str) -> Reservation | None:
        return holds.find(self._table, reservation_id)

    def due(self, by: datetime) -> Sequence[Reservation]:
        listed = query(
            self._table,
            IndexName="gsi1",
            KeyConditionExpression="gsi1pk = :open AND gsi1sk < :by",
            ExpressionAttributeValues={
                ":open": holds.OPEN,
                ":by": holds.expiry(by) + _AFTER_ANY_ID,
            },
            Limit=_AT_MOST,
        )
        return [holds.read(each) for each in islice(listed, _AT_MOST)]

    def _write(self, items: Sequence[Item], refusal: HoldRefusal) -> None:
        """`refusal` is what it means that the reservation, or its mark, is not as expected."""
        try:
            write(self._table, items)
        except WriteUnansweredError as error:
            raise HoldUnansweredError(str(error)) from error
        except WriteCancelledError as error:
            raise HoldRefusedError(_reason(error, refusal)) from error


def _reason(error: WriteCancelledError, refusal: HoldRefusal) -> HoldRefusal:
    if error.failed & {_HOLD, _MARK}:
        return refusal
    return HoldRefusal.SHORT if error.failed & {_WINDOW, _ALLOWANCE} else HoldRefusal.BUSY


def _charge(window: BudgetWindow, freed: Money, returned: Money | None) -> dict[str, Any]:
    return windows.charge(window, Money.zero(), freed, returned)


def _debits(drawn: Sequence[Draw], at: datetime) -> list[Item]:
    return [
        (_ALLOWANCE, "Update", allowances.debit(name, amounts, at)["Update"])
        for name, amounts in by_exception(drawn).items()
    ]


def _mark(reservation: Reservation) -> list[Item]:
    if reservation.event is None:
        return []
    item = entries.mark(reservation.event, reservation.id)
    return [(_MARK, "Put", {"Item": item, **entries.ABSENT})]


def _unmark(reservation: Reservation) -> list[Item]:
    if reservation.event is None:
        return []
    request = {"Key": entries.key(reservation.event), **entries.is_marked(reservation.id)}
    return [(_MARK, "Delete", request)]
