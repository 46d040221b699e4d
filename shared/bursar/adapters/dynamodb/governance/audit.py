"""The audit: intents `AUDIT#ts` / id, the chain `AUDIT#CHAIN#thousand` / number, `AUDIT` / `HEAD`.

An intent is written by the transaction that it tells of, and is moved into the chain by
another: its bytes exist once. gsi1 lists those that wait. The chain is read consistently.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import count, islice
from typing import Any

from boto3.dynamodb.conditions import Key
from boto3.dynamodb.types import Binary

from bursar.adapters.dynamodb.paging import query
from bursar.adapters.dynamodb.transactions import transact
from bursar.domain.governance.audit import AuditHead, AuditIntent, AuditRecord

_WAITING = "AUDIT#WAITING"
_HEAD = {"pk": "AUDIT", "sk": "HEAD"}
_A_PARTITION = 1_000  # records


def put(intent: AuditIntent) -> dict[str, Any]:
    """A Put for the transaction that the intent tells of."""
    keys = _intent_key(intent)
    waiting = {"gsi1pk": _WAITING, "gsi1sk": f"{_stamp(intent.at)}#{intent.id}"}
    return {"Put": {"Item": {**keys, **waiting, "body": intent.body}}}


class DynamoAudit:
    """AuditIntents and AuditChain in one."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def waiting(self, at_most: int) -> Sequence[AuditIntent]:
        listed = query(
            self._table,
            IndexName="gsi1",
            KeyConditionExpression=Key("gsi1pk").eq(_WAITING),
            Limit=at_most,
        )
        return [_intent(item) for item in islice(listed, at_most)]

    def head(self) -> AuditHead:
        item = self._table.get_item(Key=_HEAD, ConsistentRead=True).get("Item")
        return AuditHead(int(item["number"]), bytes(item["hash"])) if item else AuditHead()

    def append(
        self, head: AuditHead, intents: Sequence[AuditIntent], records: Sequence[AuditRecord]
    ) -> bool:
        last = records[-1]
        moved: dict[str, Any] = {"Item": {**_HEAD, "number": last.number, "hash": last.hash}}
        if head == AuditHead():
            moved["ConditionExpression"] = "attribute_not_exists(pk)"
        else:
            moved["ConditionExpression"] = "#number = :number AND #hash = :hash"
            moved["ExpressionAttributeNames"] = {"#number": "number", "#hash": "hash"}
            moved["ExpressionAttributeValues"] = {":number": head.number, ":hash": head.hash}
        actions: list[dict[str, Any]] = [{"Put": moved}]
        for intent, record in zip(intents, records, strict=True):
            item = {**_record_key(record.number), "body": record.body, "hash": record.hash}
            absent = {"ConditionExpression": "attribute_not_exists(pk)"}
            present = {"ConditionExpression": "attribute_exists(pk)"}
            actions.append({"Put": {"Item": item, **absent}})
            actions.append({"Delete": {"Key": _intent_key(intent), **present}})
        return transact(self._table, actions)

    def records(self, after: int = 0, at_most: int | None = None) -> Iterator[AuditRecord]:
        """Partition after partition, until one is empty and the head is not beyond it."""
        return islice(self._beyond(after, {"Limit": at_most} if at_most else {}), at_most)

    def _beyond(self, after: int, page: dict[str, int]) -> Iterator[AuditRecord]:
        for thousand in count(after // _A_PARTITION):
            rest = Key("pk").eq(_partition(thousand)) & Key("sk").gt(_number(after))
            items = query(self._table, KeyConditionExpression=rest, ConsistentRead=True, **page)
            found = 0
            for found, item in enumerate(items, 1):  # noqa: B007 - counted
                yield _record(item)
            if not found and self.head().number <= (thousand + 1) * _A_PARTITION:
                return


def _intent_key(intent: AuditIntent) -> dict[str, str]:
    return {"pk": f"AUDIT#{_stamp(intent.at)}", "sk": intent.id}


def _intent(item: dict[str, Any]) -> AuditIntent:
    at = datetime.fromisoformat(item["pk"].removeprefix("AUDIT#"))
    return AuditIntent(item["sk"], at, bytes(item["body"]))


def _record(item: dict[str, Any]) -> AuditRecord:
    """What is stored, also where it is no record any more: then its hash is not that of it."""
    sk = str(item["sk"])
    number = int(sk) if sk.isdecimal() else 0
    return AuditRecord(number, _bytes(item.get("body")), _bytes(item.get("hash")))


def _bytes(stored: Any) -> bytes:
    return bytes(stored) if isinstance(stored, Binary | bytes) else str(stored).encode()


def _record_key(number: int) -> dict[str, str]:
    return {"pk": _partition((number - 1) // _A_PARTITION), "sk": _number(number)}


def _number(number: int) -> str:
    return f"{number:012}"


def _partition(thousand: int) -> str:
    return f"AUDIT#CHAIN#{thousand:09}"


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
