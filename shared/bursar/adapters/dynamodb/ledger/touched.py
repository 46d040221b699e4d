"""Touched hours: `TOUCHED` / `2026-11-20T13#<shard>`, with the mark of the last change.

A mark names the change that set it, so that one which is set, cleared and set again by
another change is not taken for the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError

from bursar.adapters.dynamodb.ledger.leaf_keys import read_hour, write_hour
from bursar.adapters.dynamodb.paging import query
from bursar.domain.ledger.postings import TouchedHour

_PK = "TOUCHED"
_OWN_SHARD = "-"  # of `touch`; postings use the other sixteen


def _key(hour: str, shard: str) -> dict[str, str]:
    return {"pk": _PK, "sk": f"{hour}#{shard}"}


def mark(hour: datetime, shard: str, cause: str) -> dict[str, Any]:
    return {
        "Key": _key(write_hour(hour), shard),
        "UpdateExpression": "SET mark = :cause",
        "ExpressionAttributeValues": {":cause": cause},
    }


class DynamoTouchedHours:
    def __init__(self, table: Any) -> None:
        self._table = table

    def touch(self, hour: datetime, cause: str) -> None:
        self._table.update_item(**mark(hour, _OWN_SHARD, cause))

    def touched(self) -> Sequence[TouchedHour]:
        marks: dict[str, dict[str, str]] = {}
        where = Key("pk").eq(_PK)
        for item in query(self._table, KeyConditionExpression=where, ConsistentRead=True):
            hour, _, shard = item["sk"].partition("#")
            marks.setdefault(hour, {})[shard] = item["mark"]
        return [TouchedHour(read_hour(hour), marks[hour]) for hour in sorted(marks)]

    def clear(self, hour: TouchedHour) -> bool:
        as_read = [self._clear(hour, shard) for shard in hour.marks]
        return all(as_read)

    def _clear(self, hour: TouchedHour, shard: str) -> bool:
        try:
            self._table.delete_item(
                Key=_key(write_hour(hour.hour), shard),
                ConditionExpression="attribute_not_exists(pk) OR mark = :mark",
                ExpressionAttributeValues={":mark": hour.marks[shard]},
            )
        except ClientError as error:
            # a posting that writes the mark at this moment is a newer change, too
            newer = {"ConditionalCheckFailedException", "TransactionConflictException"}
            if error.response["Error"]["Code"] not in newer:
                raise
            return False
        return True
