"""Budget windows: `BUDGET#id` / `WINDOW#start`, written by compare-and-set; gsi1 lists them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bursar.adapters.dynamodb import outbox as outbox_items
from bursar.adapters.dynamodb.transactions import transact
from bursar.domain.alerts import OutboxRow
from bursar.domain.budgets import BudgetState
from bursar.domain.periods import Window


def key(budget_id: str, starts_at: datetime) -> dict[str, str]:
    start = starts_at.astimezone(UTC)
    return {"pk": f"BUDGET#{budget_id}", "sk": f"WINDOW#{start:%Y-%m-%dT%H:%MZ}"}


class DynamoBudgetStore:
    def __init__(self, table: Any) -> None:
        self._table = table

    def state(self, budget_id: str, window: Window) -> BudgetState | None:
        found = self._table.get_item(Key=key(budget_id, window.start), ConsistentRead=True)
        item = found.get("Item")
        return BudgetState.model_validate_json(item["json"]) if item else None

    def commit(
        self, old: BudgetState | None, new: BudgetState, outbox: Sequence[OutboxRow]
    ) -> bool:
        keys = key(new.budget_id, new.starts_at)
        put: dict[str, Any] = {
            "Item": {
                **keys,
                "gsi1pk": "BUDGETS",
                "gsi1sk": f"{keys['pk']}#{keys['sk']}",
                "json": new.model_dump_json(),
                "version": new.version,
                "limit": new.limit.amount,
                "spent": new.spent.amount,
                "available": (new.limit - new.spent).amount,
            },
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        if old:
            put["ConditionExpression"] = "version = :old"
            put["ExpressionAttributeValues"] = {":old": old.version}
        messages = [{"Put": {"Item": outbox_items.item(row)}} for row in outbox]
        return transact(self._table, [{"Put": put}, *messages])
