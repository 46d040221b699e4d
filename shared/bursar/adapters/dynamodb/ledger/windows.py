"""Enforced windows: `BUDGET#id` / `ENFORCED#start`, numbers that postings add to.

Conditions have no arithmetic in DynamoDB, so `available` is kept beside `spent`.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

from botocore.exceptions import ClientError

from bursar.domain.ledger.postings import BudgetWindow, WindowBalance
from bursar.domain.money import Money


def _key(window: BudgetWindow) -> dict[str, str]:
    start = window.starts_at.astimezone(UTC)
    return {"pk": f"BUDGET#{window.budget_id}", "sk": f"ENFORCED#{start:%Y-%m-%dT%H:%MZ}"}


def charge(window: BudgetWindow, amount: Money) -> dict[str, Any]:
    """An Update on condition that the window is open."""
    return {
        "Key": _key(window),
        "UpdateExpression": "ADD spent :more, available :less",
        "ConditionExpression": "attribute_exists(pk)",
        "ExpressionAttributeValues": {":more": amount.amount, ":less": (-amount).amount},
    }


class DynamoEnforcedWindows:
    def __init__(self, table: Any) -> None:
        self._table = table

    def open(self, window: BudgetWindow, limit: Money) -> None:
        none = Money.zero().amount
        numbers = {"limit": limit.amount, "spent": none, "reserved": none}
        try:
            self._table.put_item(
                Item={**_key(window), **numbers, "available": limit.amount},
                ConditionExpression="attribute_not_exists(pk)",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def balance(self, window: BudgetWindow) -> WindowBalance | None:
        found = self._table.get_item(Key=_key(window), ConsistentRead=True).get("Item")
        if found is None:
            return None
        names = ("limit", "spent", "reserved", "available")
        return WindowBalance(**{name: Money.of(found[name]) for name in names})
