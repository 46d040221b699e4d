"""Touched hours: `TOUCHED` / `2026-11-20T13#<shard>`, with the mark of the last change.

A mark names the change that set it, so that one which is set, cleared and set again by
another change is not taken for the first. Where its hour could not be stated anew, `failed` says
why, until the next change. A mark that is cleared leaves its hour in
`POSTED#2026-11` / `2026-11-20T13`, so that an hour which was never posted to is known to be empty,
with the number of times that marks were cleared, so that one between two readings is noticed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError

from bursar.adapters.dynamodb.ledger.leaf_keys import read_hour, write_hour
from bursar.adapters.dynamodb.paging import partition, query
from bursar.domain.ledger.months import TouchedHour
from bursar.domain.periods import Window, hours

_PK = "TOUCHED"
_POSTED = "POSTED"
_OWN_SHARD = "-"  # of `touch`; postings use the other sixteen


def _key(hour: str, shard: str) -> dict[str, str]:
    return {"pk": _PK, "sk": f"{hour}#{shard}"}


def mark(hour: datetime, shard: str, cause: str) -> dict[str, Any]:
    return {
        "Key": _key(write_hour(hour), shard),
        "UpdateExpression": "SET mark = :cause REMOVE failed",
        "ExpressionAttributeValues": {":cause": cause},
    }


def was_posted_to(hour: datetime) -> dict[str, str]:
    """The item that says so for good; its key is all that it must have."""
    return {"pk": f"{_POSTED}#{hour:%Y-%m}", "sk": write_hour(hour)}


def posted_hours(table: Any, window: Window) -> dict[datetime, frozenset[str]]:
    """The hours of a window that were ever posted to, each with its marks and how often such
    were cleared.

    Marks are read first: one that is cleared meanwhile has left its hour before.
    """
    states: dict[str, set[str]] = {}
    for item in partition(table, _PK):
        hour, _, shard = item["sk"].partition("#")
        states.setdefault(hour, set()).add(f"{shard} {item['mark']}")
    for month in {f"{hour.start:%Y-%m}" for hour in hours(window)}:
        for item in partition(table, f"{_POSTED}#{month}"):
            states.setdefault(item["sk"], set()).add(f"cleared {item.get('cleared', 0)}")
    within = {hour.start for hour in hours(window)}
    found = {read_hour(hour): frozenset(state) for hour, state in states.items()}
    return {hour: state for hour, state in found.items() if hour in within}


class DynamoTouchedHours:
    def __init__(self, table: Any) -> None:
        self._table = table

    def touch(self, hour: datetime, cause: str) -> None:
        self._table.update_item(**mark(hour, _OWN_SHARD, cause))

    def touched(self) -> Sequence[TouchedHour]:
        marks: dict[str, dict[str, str]] = {}
        failed: dict[str, str] = {}
        where = Key("pk").eq(_PK)
        for item in query(self._table, KeyConditionExpression=where, ConsistentRead=True):
            hour, _, shard = item["sk"].partition("#")
            marks.setdefault(hour, {})[shard] = item["mark"]
            failed.setdefault(hour, item.get("failed", ""))
        return [TouchedHour(read_hour(hour), marks[hour], failed[hour]) for hour in sorted(marks)]

    def fail(self, hour: TouchedHour, reason: str) -> None:
        """The reason stands on the first mark, which is the first that is read."""
        shard = min(hour.marks)
        with _unless_newer():
            self._table.update_item(
                Key=_key(write_hour(hour.hour), shard),
                UpdateExpression="SET failed = :reason",
                ConditionExpression="mark = :mark",
                ExpressionAttributeValues={":reason": reason, ":mark": hour.marks[shard]},
            )

    def clear(self, hour: TouchedHour) -> bool:
        self._table.update_item(
            Key=was_posted_to(hour.hour),
            UpdateExpression="ADD cleared :one",
            ExpressionAttributeValues={":one": 1},
        )
        as_read = [self._clear(hour, shard) for shard in hour.marks]
        return all(as_read)

    def _clear(self, hour: TouchedHour, shard: str) -> bool:
        with _unless_newer():
            self._table.delete_item(
                Key=_key(write_hour(hour.hour), shard),
                ConditionExpression="attribute_not_exists(pk) OR mark = :mark",
                ExpressionAttributeValues={":mark": hour.marks[shard]},
            )
            return True
        return False


@contextmanager
def _unless_newer() -> Iterator[None]:
    """Write on condition of a mark, or leave it where there is a newer one."""
    try:
        yield
    except ClientError as error:
        # a posting that writes the mark at this moment is a newer change, too
        newer = {"ConditionalCheckFailedException", "TransactionConflictException"}
        if error.response["Error"]["Code"] not in newer:
            raise
