"""Enforced windows: `BUDGET#id` / `ENFORCED#start`, numbers that postings add to.

Conditions have no arithmetic in DynamoDB, so what is available is kept beside what is spent.
Whole units of 10^-12 USD: every implementation adds those exactly.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

from botocore.exceptions import ClientError

from bursar.domain.ledger.postings import BudgetWindow, WindowBalance
from bursar.domain.money import Money

_NUMBERS = {f"{part}_units": part for part in ("limit", "spent", "reserved", "available")}


def _key(window: BudgetWindow) -> dict[str, str]:
    start = window.starts_at.astimezone(UTC)
    return {"pk": f"BUDGET#{window.budget_id}", "sk": f"ENFORCED#{start:%Y-%m-%dT%H:%MZ}"}


def charge(window: BudgetWindow, amount: Money) -> dict[str, Any]:
    """An Update on condition that the window is open."""
    return {
        "Key": _key(window),
        "UpdateExpression": "ADD spent_units :more, available_units :less",
        "ConditionExpression": "attribute_exists(pk)",
        "ExpressionAttributeValues": {":more": amount.units, ":less": -amount.units},
    }


class DynamoEnforcedWindows:
    def __init__(self, table: Any) -> None:
        self._table = table

    def open(self, window: BudgetWindow, limit: Money) -> None:
        numbers = WindowBalance(limit, Money.zero(), Money.zero(), limit)
        item = {name: getattr(numbers, part).units for name, part in _NUMBERS.items()}
        try:
            self._table.put_item(
                Item={**_key(window), **item}, ConditionExpression="attribute_not_exists(pk)"
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def balance(self, window: BudgetWindow) -> WindowBalance | None:
        found = self._table.get_item(Key=_key(window), ConsistentRead=True).get("Item")
        if found is None:
            return None
        parts = {part: Money.from_units(int(found[name])) for name, part in _NUMBERS.items()}
        return WindowBalance(**parts)
