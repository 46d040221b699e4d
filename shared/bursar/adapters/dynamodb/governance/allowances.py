"""Allowances: `EXC#id` / `ALLOWANCE`, one number `remaining_units` that reservations debit.

`debit` and `give_back` are actions for the transaction that reserves or settles, to stand
beside the change of the window's limit by the same amount. What a window has consumed is an
attribute of its own, since ADD needs no value that is there before. Whole units of 10^-12 USD.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bursar.domain.governance.consumption import Allowance
from bursar.domain.ledger.postings import BudgetWindow
from bursar.domain.money import Money

_CONSUMED = "consumed#"


def key(exception_id: str) -> dict[str, str]:
    return {"pk": f"EXC#{exception_id}", "sk": "ALLOWANCE"}


def put(allowance: Allowance) -> dict[str, Any]:
    """A Put of one that is new."""
    item = {
        **key(allowance.exception),
        "amount_units": allowance.amount.units,
        "remaining_units": allowance.remaining.units,
        "ends_at": _stamp(allowance.until),
    }
    return {"Put": {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}


def debit(exception_id: str, amount: Money, window: BudgetWindow, at: datetime) -> dict[str, Any]:
    """An Update on condition that enough remains, its end is ahead, and no other budget used it.

    Raises:
        ValueError: the amount is not above 0.
    """
    if amount <= Money.zero():
        raise ValueError("a debit is above 0")
    return {
        "Update": {
            "Key": key(exception_id),
            "UpdateExpression": (
                "ADD remaining_units :less, #consumed :more"
                " SET budget_id = if_not_exists(budget_id, :budget)"
            ),
            "ConditionExpression": (
                "remaining_units >= :more AND ends_at > :at"
                " AND (attribute_not_exists(budget_id) OR budget_id = :budget)"
            ),
            "ExpressionAttributeNames": {"#consumed": _consumed(window)},
            "ExpressionAttributeValues": {
                ":less": -amount.units,
                ":more": amount.units,
                ":at": _stamp(at),
                ":budget": window.budget_id,
            },
        }
    }


def give_back(exception_id: str, amount: Money, window: BudgetWindow) -> dict[str, Any]:
    """An Update on condition that so much was debited for the window."""
    return {
        "Update": {
            "Key": key(exception_id),
            "UpdateExpression": "ADD remaining_units :more, #consumed :less",
            "ConditionExpression": "#consumed >= :more",
            "ExpressionAttributeNames": {"#consumed": _consumed(window)},
            "ExpressionAttributeValues": {":less": -amount.units, ":more": amount.units},
        }
    }


def read(item: Mapping[str, Any]) -> Allowance:
    consumed = {
        _window(name.removeprefix(_CONSUMED)): Money.from_units(int(units))
        for name, units in item.items()
        if name.startswith(_CONSUMED)
    }
    return Allowance(
        exception=item["pk"].removeprefix("EXC#"),
        amount=Money.from_units(int(item["amount_units"])),
        remaining=Money.from_units(int(item["remaining_units"])),
        until=datetime.fromisoformat(item["ends_at"]),
        consumed=consumed,
    )


def _consumed(window: BudgetWindow) -> str:
    return f"{_CONSUMED}{window.budget_id}#{_stamp(window.starts_at)}"


def _window(name: str) -> BudgetWindow:
    budget_id, _, starts_at = name.rpartition("#")
    return BudgetWindow(budget_id, datetime.fromisoformat(starts_at))


def _stamp(at: datetime) -> str:
    """With microseconds and in UTC, so that text compares as time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
