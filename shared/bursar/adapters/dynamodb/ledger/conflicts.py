"""Conflicts: `CONFLICT#producer#id` / `<digest refused>`; gsi1 lists them by time.

`.../first` marks that people were told of the id: it is written with their message.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from itertools import islice
from typing import Any

from boto3.dynamodb.conditions import Key

from bursar.adapters.dynamodb import outbox as outbox_items
from bursar.adapters.dynamodb.ledger import entries
from bursar.adapters.dynamodb.paging import query
from bursar.adapters.dynamodb.transactions import transact
from bursar.domain.alerts import OutboxRow
from bursar.domain.ledger.conflicts import Conflict

_LISTED = "CONFLICTS"
_AT_MOST = 200
_ABSENT = {"ConditionExpression": "attribute_not_exists(pk)"}


def _pk(conflict: Conflict) -> str:
    entry = entries.key((conflict.producer, conflict.id))["pk"]
    return f"CONFLICT#{entry.removeprefix('ENTRY#')}"


class DynamoConflictLog:
    def __init__(self, table: Any) -> None:
        self._table = table

    def record(self, conflict: Conflict, row: OutboxRow) -> bool:
        kept = {"Put": {"Item": _item(conflict), **_ABSENT}}
        first = {"Put": {"Item": {"pk": _pk(conflict), "sk": "first"}, **_ABSENT}}
        message = {"Put": {"Item": outbox_items.item(row)}}
        return transact(self._table, [kept, first, message]) or transact(self._table, [kept])

    def recent(self) -> Sequence[Conflict]:
        listed = query(
            self._table,
            IndexName="gsi1",
            KeyConditionExpression=Key("gsi1pk").eq(_LISTED),
            ScanIndexForward=False,
            Limit=_AT_MOST,
        )
        return [Conflict.model_validate_json(each["json"]) for each in islice(listed, _AT_MOST)]


def _item(conflict: Conflict) -> dict[str, Any]:
    at = conflict.seen_at.astimezone(UTC).isoformat(timespec="microseconds")
    return {
        "pk": _pk(conflict),
        "sk": conflict.refused,
        "gsi1pk": _LISTED,
        "gsi1sk": f"{at}#{conflict.refused}",
        "json": conflict.model_dump_json(),
    }
