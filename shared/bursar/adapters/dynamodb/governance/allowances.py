"""Allowances: `EXC#id` / `ALLOWANCE`, one number `remaining_units` that reservations debit.

`debit` and `give_back` are actions for the transaction that reserves or settles, to stand
beside the change of the window's limit by the same amount. What a window has consumed is an
attribute of its own, since ADD needs no value that is there before. gsi1 lists all by their
end. Whole units of 10^-12 USD.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bursar.domain.governance.consumption import Allowance, is_purse
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.money import Money
from bursar.domain.scopes import Scope

LISTED = "ALLOWANCES"
_CONSUMED = "consumed#"


def key(exception_id: str) -> dict[str, str]:
    return {"pk": f"EXC#{exception_id}", "sk": "ALLOWANCE"}


def put(allowance: Allowance) -> dict[str, Any]:
    """A Put of one that is new."""
    item = {
        **key(allowance.exception),
        "gsi1pk": LISTED,
        "gsi1sk": f"{stamp(allowance.until)}#{allowance.exception}",
        "policy": allowance.policy,
        "scope": str(allowance.scope),
        "amount_units": allowance.amount.units,
        "remaining_units": allowance.remaining.units,
        "since": stamp(allowance.since),
        "ends_at": stamp(allowance.until),
    }
    return {"Put": {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}


def debit(
    exception_id: str, amounts: Mapping[BudgetWindow, Money], at: datetime
) -> dict[str, Any]:
    """An Update on condition that enough remains, its end is ahead, and no other budget used it.

    Raises:
        ValueError: an amount is not above 0.
    """
    if any(amount <= Money.zero() for amount in amounts.values()):
        raise ValueError("a debit is above 0")
    total = Money.sum(amounts.values()).units
    names, values, added = _moves(amounts, 1)
    conditions = ["remaining_units >= :total", "ends_at > :at"]
    update = f"ADD remaining_units :less, {added}"
    if budget := next((each.budget_id for each in amounts if not is_purse(each)), None):
        conditions.append("(attribute_not_exists(budget_id) OR budget_id = :budget)")
        update += " SET budget_id = :budget"
        values[":budget"] = budget
    return {
        "Update": {
            "Key": key(exception_id),
            "UpdateExpression": update,
            "ConditionExpression": " AND ".join(conditions),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values
            | {":total": total, ":less": -total, ":at": stamp(at)},
        }
    }


def give_back(exception_id: str, amounts: Mapping[BudgetWindow, Money]) -> dict[str, Any]:
    """An Update on condition that so much was debited for each window."""
    names, values, added = _moves(amounts, -1)
    held = {f":held{n}": amount.units for n, amount in enumerate(amounts.values())}
    return {
        "Update": {
            "Key": key(exception_id),
            "UpdateExpression": f"ADD remaining_units :total, {added}",
            "ConditionExpression": " AND ".join(f"#c{n} >= :held{n}" for n in range(len(amounts))),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values
            | held
            | {":total": Money.sum(amounts.values()).units},
        }
    }


def replace(old: Allowance, new: Allowance) -> dict[str, Any]:
    """An Update on condition that what it sets is still as it was read."""
    names: dict[str, str] = {}
    values: dict[str, Any] = {":new": new.remaining.units, ":old": old.remaining.units}
    sets, conditions = ["remaining_units = :new"], ["remaining_units = :old"]
    for n, window in enumerate(new.consumed):
        names[f"#c{n}"] = _consumed(window)
        values[f":new{n}"] = new.consumed[window].units
        sets.append(f"#c{n} = :new{n}")
        if window in old.consumed:
            values[f":old{n}"] = old.consumed[window].units
            conditions.append(f"#c{n} = :old{n}")
        else:
            conditions.append(f"attribute_not_exists(#c{n})")
    if new.budget is not None:
        sets.append("budget_id = :budget")
        conditions.append("(attribute_not_exists(budget_id) OR budget_id = :budget)")
        values[":budget"] = new.budget
    return {
        "Key": key(new.exception),
        "UpdateExpression": "SET " + ", ".join(sets),
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def read(item: Mapping[str, Any]) -> Allowance:
    consumed = {
        _window(name.removeprefix(_CONSUMED)): Money.from_units(int(units))
        for name, units in item.items()
        if name.startswith(_CONSUMED)
    }
    return Allowance(
        exception=item["pk"].removeprefix("EXC#"),
        policy=item["policy"],
        scope=Scope.parse(item["scope"]),
        amount=Money.from_units(int(item["amount_units"])),
        remaining=Money.from_units(int(item["remaining_units"])),
        since=datetime.fromisoformat(item["since"]),
        until=datetime.fromisoformat(item["ends_at"]),
        consumed=consumed,
    )


def stamp(at: datetime) -> str:
    """With microseconds and in UTC, so that text compares as time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _moves(
    amounts: Mapping[BudgetWindow, Money], sign: int
) -> tuple[dict[str, str], dict[str, Any], str]:
    """Names and values of what is added to the consumed amounts, and how that is written."""
    names = {f"#c{n}": _consumed(window) for n, window in enumerate(amounts)}
    values: dict[str, Any] = {
        f":c{n}": sign * amount.units for n, amount in enumerate(amounts.values())
    }
    return names, values, ", ".join(f"#c{n} :c{n}" for n in range(len(amounts)))


def _consumed(window: BudgetWindow) -> str:
    return f"{_CONSUMED}{window.budget_id}#{stamp(window.starts_at)}"


def _window(name: str) -> BudgetWindow:
    budget_id, _, starts_at = name.rpartition("#")
    return BudgetWindow(budget_id, datetime.fromisoformat(starts_at))
