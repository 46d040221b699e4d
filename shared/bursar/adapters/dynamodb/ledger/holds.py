"""Reservations: `HOLD#hash` / `R`; gsi1 lists the open ones by their expiry.

Where the entry of its usage will stand, a mark names the reservation: no usage can be posted
past it, and a reservation cannot be made for usage that is there already.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bursar.domain.admission.draws import Draw
from bursar.domain.admission.reservations import HoldStatus, Reservation
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.money import Money
from bursar.domain.scopes import Dimension

OPEN = "HOLDS"
_KEPT = timedelta(days=90)  # after a reservation is closed for good


def key(reservation_id: str) -> dict[str, str]:
    return {"pk": f"HOLD#{reservation_id}", "sk": "R"}


def expiry(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def item(reservation: Reservation) -> dict[str, Any]:
    return {
        **key(reservation.id),
        "gsi1pk": OPEN,
        "gsi1sk": f"{expiry(reservation.expires_at)}#{reservation.id}",
        "status": reservation.status,
        "json": _write(reservation),
    }


def step(reservation: Reservation, to: HoldStatus) -> dict[str, Any]:
    """An Update to the next status, on condition of the one that was read."""
    turned = reservation.turned(to)
    sets, values = "#status = :to", {":to": str(to), ":from": str(reservation.status)}
    forget: dict[str, int] = {}
    if not turned.awaits_usage:
        sets += ", expires_at = :forget"
        forget = {":forget": int((reservation.expires_at + _KEPT).timestamp())}
    return {
        "Key": key(reservation.id),
        "UpdateExpression": f"SET {sets} REMOVE gsi1pk, gsi1sk",
        "ConditionExpression": "#status = :from",
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": {**values, **forget},
    }


def find(table: Any, reservation_id: str) -> Reservation | None:
    found = table.get_item(Key=key(reservation_id), ConsistentRead=True).get("Item")
    return None if found is None else read(found)


def _write(reservation: Reservation) -> str:
    told = {
        "id": reservation.id,
        "principal": reservation.principal,
        "digest": reservation.digest,
        "facts": reservation.facts,
        "amount": reservation.amount.units,
        "held": [_of_window(window, amount) for window, amount in reservation.held.items()],
        "created_at": reservation.created_at.isoformat(),
        "expires_at": reservation.expires_at.isoformat(),
        "usage_event_id": reservation.usage_event_id,
    }
    if reservation.drawn:
        told["drawn"] = [
            [each.exception, *_of_window(each.window, each.amount)] for each in reservation.drawn
        ]
    return json.dumps(told, separators=(",", ":"))


def _of_window(window: BudgetWindow, amount: Money) -> tuple[str, str, int]:
    return window.budget_id, window.starts_at.isoformat(), amount.units


def read(stored: Mapping[str, Any]) -> Reservation:
    told = json.loads(stored["json"])
    return Reservation(
        id=told["id"],
        principal=told["principal"],
        digest=told["digest"],
        facts={Dimension(name): value for name, value in told["facts"].items()},
        amount=Money.from_units(told["amount"]),
        held={
            BudgetWindow(budget, datetime.fromisoformat(start)): Money.from_units(units)
            for budget, start, units in told["held"]
        },
        created_at=datetime.fromisoformat(told["created_at"]),
        expires_at=datetime.fromisoformat(told["expires_at"]),
        usage_event_id=told["usage_event_id"],
        drawn=tuple(
            Draw(
                name, BudgetWindow(budget, datetime.fromisoformat(start)), Money.from_units(units)
            )
            for name, budget, start, units in told.get("drawn", ())
        ),
        status=HoldStatus(stored["status"]),
    )
