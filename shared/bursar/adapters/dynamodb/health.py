"""Source health: `HEALTH` / source. The last good time outlives the bad news after it.

News that comes late (a retry) replaces no newer news; of good news its time is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError

from bursar.adapters.dynamodb.paging import query
from bursar.domain.health import SourceHealth

_PK = "HEALTH"


class DynamoHealthLog:
    def __init__(self, table: Any) -> None:
        self._table = table

    def saw(self, health: SourceHealth) -> None:
        update = "SET seen_at = :at, quality = :quality, detail = :detail"
        values = {
            ":at": _stamp(health.at),
            ":quality": str(health.quality),
            ":detail": health.detail,
        }
        good = {":good": _stamp(health.good_at)} if health.good_at else {}
        also = ", good_at = :good" if good else ""
        newer = "attribute_not_exists(seen_at) OR seen_at <= :at"
        if self._update(health.source, update + also, values | good, newer) or not good:
            return
        newer = "attribute_not_exists(good_at) OR good_at < :good"
        self._update(health.source, "SET good_at = :good", good, newer)

    def _update(self, source: str, update: str, values: Mapping[str, str], when: str) -> bool:
        try:
            self._table.update_item(
                Key={"pk": _PK, "sk": source},
                UpdateExpression=update,
                ConditionExpression=when,
                ExpressionAttributeValues=values,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def latest(self, source: str) -> SourceHealth | None:
        found = self._table.get_item(Key={"pk": _PK, "sk": source}, ConsistentRead=True)
        return _read(found["Item"]) if "Item" in found else None

    def all(self) -> Sequence[SourceHealth]:
        rows = query(self._table, KeyConditionExpression=Key("pk").eq(_PK))
        return [_read(row) for row in rows]


def _read(row: Mapping[str, Any]) -> SourceHealth:
    return SourceHealth(
        source=row["sk"],
        at=row["seen_at"],
        quality=row["quality"],
        good_at=row.get("good_at"),
        detail=row["detail"],
    )


def _stamp(at: datetime) -> str:
    """With microseconds and in UTC, so that text sorts as time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
