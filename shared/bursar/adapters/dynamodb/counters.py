"""Counters with a ceiling: `COUNTER#name` / `C`, forgotten some time after `expires_at`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError


class DynamoCounter:
    """One conditional update for each count: no reading before, so no race."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def take(self, name: str, ceiling: int, expires_at: datetime) -> bool:
        if ceiling < 1:
            return False
        try:
            self._table.update_item(
                Key={"pk": f"COUNTER#{name}", "sk": "C"},
                UpdateExpression=(
                    "ADD taken :one SET expires_at = if_not_exists(expires_at, :expires_at)"
                ),
                ConditionExpression="attribute_not_exists(taken) OR taken < :ceiling",
                ExpressionAttributeValues={
                    ":one": 1,
                    ":ceiling": ceiling,
                    ":expires_at": int(expires_at.timestamp()),
                },
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True
