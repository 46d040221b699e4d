"""Messages to people: `OUTBOX#id` / `O`; gsi1 lists the unsent and the sent by due time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError
from pydantic import ValidationError

from bursar.adapters.dynamodb.paging import query
from bursar.domain.alerts import OutboxRow

_KEPT = timedelta(days=400)
_AT_MOST = 200
_UNSENT = "OUTBOX#UNSENT"
_SENT = "OUTBOX#SENT"


def key(row_id: str) -> dict[str, str]:
    return {"pk": f"OUTBOX#{row_id}", "sk": "O"}


def item(row: OutboxRow) -> dict[str, Any]:
    return {
        **key(row.id),
        "json": row.model_dump_json(),
        "gsi1pk": _UNSENT,
        "gsi1sk": f"{_stamp(row.due_at)}#{row.id}",
        "expires_at": int((row.due_at + _KEPT).timestamp()),
    }


def _stamp(at: datetime) -> str:
    """With microseconds and in UTC, so that text sorts as time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


class DynamoOutbox:
    def __init__(self, table: Any) -> None:
        self._table = table

    def post(self, row: OutboxRow) -> bool:
        try:
            self._table.put_item(Item=item(row), ConditionExpression="attribute_not_exists(pk)")
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def unsent(self, due_before: datetime) -> Sequence[OutboxRow]:
        return list(islice(_readable(self._due(due_before)), _AT_MOST))

    def unreadable(self, due_before: datetime) -> Sequence[str]:
        due = self._due(due_before)
        return [each["pk"].removeprefix("OUTBOX#") for each in due if _row(each) is None]

    def recent(self) -> Sequence[OutboxRow]:
        """The newest messages, sent or not, newest first, at most 200."""
        newest = [row for part in (_UNSENT, _SENT) for row in self._newest(part)]
        return sorted(newest, key=lambda row: row.alert.raised_at, reverse=True)[:_AT_MOST]

    def _due(self, before: datetime) -> Iterator[dict[str, Any]]:
        due = Key("gsi1pk").eq(_UNSENT) & Key("gsi1sk").lte(f"{_stamp(before)}#~")
        return query(self._table, IndexName="gsi1", KeyConditionExpression=due, Limit=_AT_MOST)

    def _newest(self, part: str) -> list[OutboxRow]:
        listed = query(
            self._table,
            IndexName="gsi1",
            KeyConditionExpression=Key("gsi1pk").eq(part),
            ScanIndexForward=False,
            Limit=_AT_MOST,
        )
        return list(islice(_readable(listed), _AT_MOST))

    def mark_sent(self, row: OutboxRow, at: datetime) -> None:
        sent = row.model_copy(update={"sent_at": at})
        self._table.update_item(
            Key=key(row.id),
            UpdateExpression="SET #json = :json, gsi1pk = :sent",
            ExpressionAttributeNames={"#json": "json"},
            ExpressionAttributeValues={":json": sent.model_dump_json(), ":sent": _SENT},
        )


def _readable(items: Iterable[dict[str, Any]]) -> Iterator[OutboxRow]:
    return (row for row in map(_row, items) if row is not None)


def _row(stored: dict[str, Any]) -> OutboxRow | None:
    """None for what is no message: one such row must not keep the others from being sent."""
    try:
        return OutboxRow.model_validate_json(stored["json"])
    except (KeyError, ValidationError):
        return None
