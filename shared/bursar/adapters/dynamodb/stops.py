"""Stops: `STOP#id` / `META`, and `STOPS` / `COUNT`, the count of those that became active lately.

A step is one transaction: the stop, on condition that its `version` is the one that was read;
the count, likewise; the budget's window that is stopped or let go; messages and audit. gsi1
lists those that are open and those that are closed by the time they began.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC
from itertools import islice
from typing import Any

from boto3.dynamodb.conditions import Key

from bursar.adapters.dynamodb import outbox as outbox_items
from bursar.adapters.dynamodb.governance import audit
from bursar.adapters.dynamodb.ledger import windows
from bursar.adapters.dynamodb.paging import query
from bursar.adapters.dynamodb.transactions import transact
from bursar.domain.stops.changes import StopChange
from bursar.domain.stops.counting import StopCount
from bursar.domain.stops.records import Stop

_OPEN, _CLOSED = "STOPS#OPEN", "STOPS#CLOSED"
_COUNT = {"pk": "STOPS", "sk": "COUNT"}
_AT_MOST = 200


class DynamoStops:
    def __init__(self, table: Any) -> None:
        self._table = table

    def find(self, stop_id: str) -> Stop | None:
        item = self._item(_key(stop_id))
        return Stop.model_validate_json(item["json"]) if item else None

    def open(self) -> Sequence[Stop]:
        return list(self._listed(_OPEN))

    def recent(self) -> Sequence[Stop]:
        newest = [
            each
            for part in (_OPEN, _CLOSED)
            for each in islice(self._listed(part, ScanIndexForward=False), _AT_MOST)
        ]
        return sorted(newest, key=lambda each: (each.at, each.id), reverse=True)[:_AT_MOST]

    def count(self) -> StopCount:
        item = self._item(_COUNT)
        return StopCount.model_validate_json(item["json"]) if item else StopCount()

    def commit(self, change: StopChange) -> bool:
        actions = [{"Put": _stop(change)}]
        if change.count:
            actions.append({"Put": _count(change.count)})
        if change.stops:
            actions.append({"Update": windows.stop(change.stops, change.new.id)})
        if change.resumes:
            actions.append({"Update": windows.resume(change.resumes, change.new.id)})
        actions += [{"Put": {"Item": outbox_items.item(row)}} for row in change.outbox]
        return transact(self._table, [*actions, audit.put(change.audit)])

    def _listed(self, part: str, **more: Any) -> Iterator[Stop]:
        listed = Key("gsi1pk").eq(part)
        items = query(self._table, IndexName="gsi1", KeyConditionExpression=listed, **more)
        return (Stop.model_validate_json(item["json"]) for item in items)

    def _item(self, key: dict[str, str]) -> dict[str, Any] | None:
        found = self._table.get_item(Key=key, ConsistentRead=True)
        item: dict[str, Any] | None = found.get("Item")
        return item


def _key(stop_id: str) -> dict[str, str]:
    return {"pk": f"STOP#{stop_id}", "sk": "META"}


def _stop(change: StopChange) -> dict[str, Any]:
    new = change.new
    item = {
        **_key(new.id),
        "gsi1pk": _OPEN if new.is_open else _CLOSED,
        "gsi1sk": f"{new.at.astimezone(UTC).isoformat(timespec='microseconds')}#{new.id}",
        "json": new.model_dump_json(),
        "version": new.version,
    }
    return {"Item": item, **_as_read(change.old.version if change.old else 0)}


def _count(count: StopCount) -> dict[str, Any]:
    item = {**_COUNT, "json": count.model_dump_json(), "version": count.version}
    return {"Item": item, **_as_read(count.version - 1)}


def _as_read(version: int) -> dict[str, Any]:
    """On condition that the item is of this version; 0: that there is none."""
    if version == 0:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    return {
        "ConditionExpression": "version = :read",
        "ExpressionAttributeValues": {":read": version},
    }
