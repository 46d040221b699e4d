"""The quarantine: `QUARANTINE#producer` / `REJECTED#id` and `HELD#id`; gsi1 lists the newest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError
from pydantic import TypeAdapter

from bursar.adapters.dynamodb.paging import query
from bursar.domain.ledger.entries import EntryId
from bursar.domain.usage.quarantine import Decision, HeldUsage, RejectedUsage

_KEPT = timedelta(days=30)
_MOST_LISTED = 200
_REJECTED, _HELD = "REJECTED", "HELD"
_REJECTED_JSON = TypeAdapter(RejectedUsage)
_HELD_JSON = TypeAdapter(HeldUsage)


class DynamoQuarantine:
    def __init__(self, table: Any) -> None:
        self._table = table

    def reject(self, rows: Sequence[RejectedUsage]) -> None:
        with self._table.batch_writer(overwrite_by_pkeys=["pk", "sk"]) as batch:
            for row in rows:
                batch.put_item(
                    Item={
                        **_key(row.producer, _REJECTED, row.id),
                        **_listed(_REJECTED, row.received_at, row.producer, row.id),
                        "expires_at": int((row.received_at + _KEPT).timestamp()),
                        "json": _REJECTED_JSON.dump_json(row).decode(),
                    }
                )

    def hold(self, held: Sequence[HeldUsage]) -> Sequence[HeldUsage]:
        return [self._first(each) for each in held]

    def rejected(self) -> Sequence[RejectedUsage]:
        return [_REJECTED_JSON.validate_json(item["json"]) for item in self._newest(_REJECTED)]

    def held(self) -> Sequence[HeldUsage]:
        return [_held(item) for item in self._newest(_HELD)]

    def find(self, name: EntryId) -> HeldUsage | None:
        found = self._table.get_item(Key=_key(name[0], _HELD, name[1]), ConsistentRead=True)
        return _held(found["Item"]) if "Item" in found else None

    def decide(self, name: EntryId, decision: Decision, at: datetime) -> bool:
        return self._write(
            self._table.update_item,
            Key=_key(name[0], _HELD, name[1]),
            UpdateExpression=(
                "SET decision = :decision, decided_at = :at, expires_at = :expires"
                " REMOVE gsi1pk, gsi1sk"
            ),
            ConditionExpression="decision = :held",
            ExpressionAttributeValues={
                ":decision": decision.value,
                ":held": Decision.HELD.value,
                ":at": at.isoformat(),
                ":expires": int((at + _KEPT).timestamp()),
            },
        )

    def _first(self, each: HeldUsage) -> HeldUsage:
        """What is held under its id: itself, if nothing was."""
        producer, id_ = each.record.producer, each.record.id
        item = {
            **_key(producer, _HELD, id_),
            **_listed(_HELD, each.received_at, producer, id_),
            "decision": each.decision.value,
            "json": _HELD_JSON.dump_json(each).decode(),
        }
        absent = "attribute_not_exists(pk)"
        while not self._write(self._table.put_item, Item=item, ConditionExpression=absent):
            if first := self.find((producer, id_)):  # else it has expired in between
                return first
        return each

    def _newest(self, kind: str) -> list[dict[str, Any]]:
        rows = query(
            self._table,
            IndexName="gsi1",
            KeyConditionExpression=Key("gsi1pk").eq(f"QUARANTINE#{kind}"),
            ScanIndexForward=False,
        )
        return list(islice(rows, _MOST_LISTED))

    @staticmethod
    def _write(write: Any, **request: Any) -> bool:
        try:
            write(**request)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True


def _key(producer: str, kind: str, id_: str) -> dict[str, str]:
    return {"pk": f"QUARANTINE#{producer}", "sk": f"{kind}#{id_}"}


def _listed(kind: str, at: datetime, producer: str, id_: str) -> dict[str, str]:
    when = at.astimezone(UTC).isoformat(timespec="microseconds")
    return {"gsi1pk": f"QUARANTINE#{kind}", "gsi1sk": f"{when}#{producer}#{id_}"}


def _held(item: dict[str, Any]) -> HeldUsage:
    held = _HELD_JSON.validate_json(item["json"])
    if "decided_at" not in item:
        return held
    decided_at = datetime.fromisoformat(item["decided_at"])
    return replace(held, decision=Decision(item["decision"]), decided_at=decided_at)
