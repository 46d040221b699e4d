"""What exceptions have paid for jobs: `GATE#submission` / `PAID`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bursar.adapters.dynamodb.governance import allowances, audit
from bursar.adapters.dynamodb.transactions import transact
from bursar.domain.gate.verdicts import JobApproval
from bursar.domain.governance.audit import AuditIntent
from bursar.domain.money import Money


class DynamoJobApprovals:
    """JobApprovals: the debit, the approval and its audit are one transaction."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def approved(self, submission: str) -> JobApproval | None:
        found = self._table.get_item(Key=_key(submission), ConsistentRead=True)
        if (item := found.get("Item")) is None:
            return None
        return JobApproval(
            submission,
            item["policy"],
            item["exception"],
            Money.from_units(int(item["paid_units"])),
        )

    def pay(
        self, old: JobApproval | None, new: JobApproval, at: datetime, intent: AuditIntent
    ) -> bool:
        amount = new.beyond(old)
        debit = allowances.debit(new.exception, {new.window(at): amount}, at)
        return transact(self._table, [debit, {"Put": _put(old, new)}, audit.put(intent)])


def _key(submission: str) -> dict[str, str]:
    return {"pk": f"GATE#{submission}", "sk": "PAID"}


def _put(old: JobApproval | None, new: JobApproval) -> dict[str, Any]:
    item = {
        **_key(new.submission),
        "policy": new.policy,
        "exception": new.exception,
        "paid_units": new.usd.units,
    }
    if old is None:
        return {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
    return {
        "Item": item,
        "ConditionExpression": "paid_units = :paid AND #exception = :same",
        "ExpressionAttributeNames": {"#exception": "exception"},
        "ExpressionAttributeValues": {":paid": old.usd.units, ":same": old.exception},
    }
