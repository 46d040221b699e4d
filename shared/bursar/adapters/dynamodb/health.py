"""Source health: `HEALTH` / source. The last good time outlives the bad news after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from boto3.dynamodb.conditions import Key

from bursar.adapters.dynamodb.paging import query
from bursar.domain.health import SourceHealth

_PK = "HEALTH"


class DynamoHealthLog:
    def __init__(self, table: Any) -> None:
        self._table = table

    def saw(self, health: SourceHealth) -> None:
        values = {
            ":at": health.at.isoformat(),
            ":quality": str(health.quality),
            ":detail": health.detail,
        }
        update = "SET seen_at = :at, quality = :quality, detail = :detail"
        if health.good_at:
            update += ", good_at = :good"
            values[":good"] = health.good_at.isoformat()
        self._table.update_item(
            Key={"pk": _PK, "sk": health.source},
            UpdateExpression=update,
            ExpressionAttributeValues=values,
        )

    def all(self) -> Sequence[SourceHealth]:
        rows = query(self._table, KeyConditionExpression=Key("pk").eq(_PK))
        return [
            SourceHealth(
                source=row["sk"],
                at=row["seen_at"],
                quality=row["quality"],
                good_at=row.get("good_at"),
                detail=row["detail"],
            )
            for row in rows
        ]
