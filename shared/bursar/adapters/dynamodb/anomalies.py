"""Anomalies: `ANOM#ledger/team=search/usd` / `2026-11-20T00#AN-...`; gsi1 lists them by whether
they go on, were said to be expected, or are over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from boto3.dynamodb.conditions import Key

from bursar.adapters.dynamodb import outbox as outbox_items
from bursar.adapters.dynamodb.paging import query
from bursar.adapters.dynamodb.transactions import transact
from bursar.domain.alerts import OutboxRow
from bursar.domain.anomaly_events.events import AnomalyEvent, State

_KEPT = timedelta(days=400)  # after its latest unusual period
_LISTED = {
    State.OPEN: "ANOMALIES#LIVE",
    State.ACKNOWLEDGED: "ANOMALIES#LIVE",
    State.EXPECTED: "ANOMALIES#EXPECTED",
    State.RESOLVED: "ANOMALIES#RESOLVED",
}
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class DynamoAnomalyStore:
    def __init__(self, table: Any) -> None:
        self._table = table

    def known(self, since: datetime) -> Sequence[AnomalyEvent]:
        found = list(self._known(since))
        return sorted(found, key=lambda each: (each.latest_at, each.id), reverse=True)

    def find(self, event_id: str) -> AnomalyEvent | None:
        return next((each for each in self._known(_BEGINNING) if each.id == event_id), None)

    def commit(
        self, old: AnomalyEvent | None, new: AnomalyEvent, outbox: Sequence[OutboxRow]
    ) -> bool:
        put: dict[str, Any] = {
            "Item": _item(new),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        if old:
            put["ConditionExpression"] = "version = :old"
            put["ExpressionAttributeValues"] = {":old": old.version}
        messages = [{"Put": {"Item": outbox_items.item(row)}} for row in outbox]
        return transact(self._table, [{"Put": put}, *messages])

    def _known(self, since: datetime) -> Iterator[AnomalyEvent]:
        for part in sorted(set(_LISTED.values())):
            key = Key("gsi1pk").eq(part)
            if part == _LISTED[State.RESOLVED]:
                key &= Key("gsi1sk").gte(_stamp(since))
            for item in query(self._table, IndexName="gsi1", KeyConditionExpression=key):
                yield AnomalyEvent.model_validate_json(item["json"])


def _item(event: AnomalyEvent) -> dict[str, Any]:
    return {
        "pk": f"ANOM#{event.series}",
        "sk": f"{_stamp(event.started_at)}#{event.id}",
        "gsi1pk": _LISTED[event.state],
        "gsi1sk": f"{_stamp(event.latest_at)}#{event.id}",
        "json": event.model_dump_json(),
        "version": event.version,
        "expires_at": int((event.latest_at + _KEPT).timestamp()),
    }


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H}"
