"""Enforced windows: `BUDGET#id` / `ENFORCED#start`, numbers that postings add to.

`base_units` is the limit as configured; what is drawn from exceptions raises the limit alone.
Conditions have no arithmetic in DynamoDB, so what is available is kept beside what is spent.
Whole units of 10^-12 USD: every implementation adds those exactly.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

from botocore.exceptions import ClientError

from bursar.adapters.dynamodb.transactions import transact
from bursar.domain.ledger.budget_windows import BudgetWindow, WindowBalance, WindowNotOpenError
from bursar.domain.money import Money

_NUMBERS = {f"{part}_units": part for part in ("limit", "spent", "reserved", "available")}


def _key(window: BudgetWindow) -> dict[str, str]:
    start = window.starts_at.astimezone(UTC)
    return {"pk": f"BUDGET#{window.budget_id}", "sk": f"ENFORCED#{start:%Y-%m-%dT%H:%MZ}"}


def charge(
    window: BudgetWindow, spent: Money, freed: Money, returned: Money | None = None
) -> dict[str, Any]:
    """An Update on condition that the window is open: something is spent, or no more held.

    The limit falls by what is `returned` to approved exceptions.
    """
    lowered = (returned or Money.zero()).units
    update = {
        "Key": _key(window),
        "UpdateExpression": "ADD spent_units :spent, reserved_units :held, available_units :left",
        "ConditionExpression": "attribute_exists(pk)",
        "ExpressionAttributeValues": {
            ":spent": spent.units,
            ":held": -freed.units,
            ":left": freed.units - spent.units - lowered,
        },
    }
    return _with_limit(update, -lowered)


def reserve(window: BudgetWindow, amount: Money, drawn: Money | None = None) -> dict[str, Any]:
    """An Update on condition that the window is open and has so much available.

    What is `drawn` from approved exceptions need not be: the limit rises by it.
    """
    raised = (drawn or Money.zero()).units
    update = {
        "Key": _key(window),
        "UpdateExpression": "ADD reserved_units :held, available_units :less",
        "ConditionExpression": "available_units >= :own AND attribute_not_exists(stopped_by)",
        "ExpressionAttributeValues": {
            ":held": amount.units,
            ":own": amount.units - raised,
            ":less": raised - amount.units,
        },
    }
    return _with_limit(update, raised)


def cover(window: BudgetWindow, over: Money) -> dict[str, Any]:
    """An Update on condition that so much was spent beyond the limit, which rises by it."""
    update = _limit_change(window, over.units)
    update["ConditionExpression"] = "available_units <= :less"
    update["ExpressionAttributeValues"][":less"] = -over.units
    return update


def _with_limit(update: dict[str, Any], units: int) -> dict[str, Any]:
    if units:
        update["UpdateExpression"] += ", limit_units :limit"
        update["ExpressionAttributeValues"][":limit"] = units
    return update


def stop(window: BudgetWindow, stop_id: str) -> dict[str, Any]:
    """An Update on condition that the window is open: nothing is granted while one stop stands."""
    return _stops("ADD", window, stop_id)


def resume(window: BudgetWindow, stop_id: str) -> dict[str, Any]:
    """An Update: that stop stands no more. A set that has lost its last is gone."""
    return _stops("DELETE", window, stop_id)


def _stops(verb: str, window: BudgetWindow, stop_id: str) -> dict[str, Any]:
    return {
        "Key": _key(window),
        "UpdateExpression": f"{verb} stopped_by :stop",
        "ConditionExpression": "attribute_exists(pk)",
        "ExpressionAttributeValues": {":stop": {stop_id}},
    }


def whole(window: BudgetWindow, numbers: WindowBalance, base: Money) -> dict[str, Any]:
    """The item of a window that stands so; `base` is its limit as configured."""
    item = {name: getattr(numbers, part).units for name, part in _NUMBERS.items()}
    return {**_key(window), **item, "base_units": base.units}


class DynamoEnforcedWindows:
    def __init__(self, table: Any) -> None:
        self._table = table

    def open(self, window: BudgetWindow, limit: Money) -> None:
        numbers = WindowBalance(limit, Money.zero(), Money.zero(), limit)
        item = whole(window, numbers, limit)
        try:
            self._table.put_item(Item=item, ConditionExpression="attribute_not_exists(pk)")
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def balance(self, window: BudgetWindow) -> WindowBalance | None:
        if (found := self._read(window)) is None:
            return None
        parts = {part: Money.from_units(int(found[name])) for name, part in _NUMBERS.items()}
        return WindowBalance(**parts, stopped="stopped_by" in found)

    def set_base(self, window: BudgetWindow, limit: Money) -> None:
        while True:
            base = int(self._open(window)["base_units"])
            if base == limit.units:
                return
            change = _limit_change(window, limit.units - base)
            change["UpdateExpression"] += " SET base_units = :base"
            change["ConditionExpression"] = "base_units = :seen"
            change["ExpressionAttributeValues"] |= {":base": limit.units, ":seen": base}
            if transact(self._table, [{"Update": change}]):
                return

    def _read(self, window: BudgetWindow) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self._table.get_item(
            Key=_key(window), ConsistentRead=True
        ).get("Item")
        return found

    def _open(self, window: BudgetWindow) -> dict[str, Any]:
        if (found := self._read(window)) is None:
            raise WindowNotOpenError(f"{window.budget_id} from {window.starts_at.isoformat()}")
        return found


def _limit_change(window: BudgetWindow, units: int) -> dict[str, Any]:
    return {
        "Key": _key(window),
        "UpdateExpression": "ADD limit_units :more, available_units :more",
        "ConditionExpression": "attribute_exists(pk)",
        "ExpressionAttributeValues": {":more": units},
    }
