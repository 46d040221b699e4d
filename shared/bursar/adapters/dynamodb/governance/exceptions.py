"""Exceptions: `EXC#id` / `META`, `DECISION#n`, `TOKEN#tier`; `SPLIT#team#policy` / `S`.

A step is one transaction: the exception, on condition that its `revision` is the one that was
read (each change of status, version, tier or deadline raises it); its team's count, likewise
by `version`; the decision, the allowance, the messages and the audit intent. gsi1 lists those
that are pending and those that are closed; ids sort by time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from boto3.dynamodb.conditions import Key

from bursar.adapters.dynamodb import outbox as outbox_items
from bursar.adapters.dynamodb.governance import allowances, audit
from bursar.adapters.dynamodb.paging import query
from bursar.adapters.dynamodb.transactions import transact
from bursar.domain.governance.changes import Change, TaskToken
from bursar.domain.governance.consumption import Allowance
from bursar.domain.governance.decisions import TierDecision
from bursar.domain.governance.exceptions import SpendException
from bursar.domain.governance.splitting import SplitCount

_PENDING, _CLOSED = "EXCEPTIONS#PENDING", "EXCEPTIONS#CLOSED"
_AT_MOST = 200
_AFTER_ANY_ID = "~"
_ABSENT = {"ConditionExpression": "attribute_not_exists(pk)"}


class DynamoExceptions:
    """ExceptionStore, ExceptionHistory, Allowances and TaskTokens in one."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def find(self, exception_id: str) -> SpendException | None:
        item = self._item(_key(exception_id, "META"))
        return SpendException.model_validate_json(item["json"]) if item else None

    def split(self, team: str, policy: str) -> SplitCount:
        item = self._item(_split_key(team, policy))
        if item is None:
            return SplitCount(team=team, policy=policy)
        return SplitCount.model_validate_json(item["json"])

    def commit(self, change: Change) -> bool:
        actions = [{"Put": _exception(change)}, {"Put": _split(change.split)}]
        if change.decision:
            actions.append({"Put": _decision(change.decision)})
        if change.allowance:
            actions.append(allowances.put(change.allowance))
        actions += [{"Put": {"Item": outbox_items.item(row)}} for row in change.outbox]
        return transact(self._table, [*actions, audit.put(change.audit)])

    def decisions(self, exception_id: str) -> Sequence[TierDecision]:
        made = Key("pk").eq(f"EXC#{exception_id}") & Key("sk").begins_with("DECISION#")
        items = query(self._table, KeyConditionExpression=made, ConsistentRead=True)
        return [TierDecision.model_validate_json(item["json"]) for item in items]

    def recent(self) -> Sequence[SpendException]:
        newest = [
            each
            for part in (_PENDING, _CLOSED)
            for each in islice(self._listed(part, ScanIndexForward=False), _AT_MOST)
        ]
        return sorted(newest, key=lambda each: each.id, reverse=True)[:_AT_MOST]

    def pending(self) -> Sequence[SpendException]:
        return list(self._listed(_PENDING))

    def allowance(self, exception_id: str) -> Allowance | None:
        item = self._item(allowances.key(exception_id))
        return allowances.read(item) if item else None

    def ending_after(self, at: datetime) -> Sequence[Allowance]:
        items = query(  # as text: boto3's own conditions are not for several threads
            self._table,
            IndexName="gsi1",
            KeyConditionExpression="gsi1pk = :listed AND gsi1sk > :at",
            ExpressionAttributeValues={
                ":listed": allowances.LISTED,
                ":at": f"{allowances.stamp(at)}{_AFTER_ANY_ID}",
            },
        )
        return [allowances.read(item) for item in items]

    def replace(self, old: Allowance, new: Allowance) -> bool:
        return transact(self._table, [{"Update": allowances.replace(old, new)}])

    def put(self, token: TaskToken) -> bool:
        asked = {
            "Key": _key(token.exception, "META"),
            "ConditionExpression": "version = :version AND asked = :tier",
            "ExpressionAttributeValues": {":version": token.version, ":tier": token.tier},
        }
        item = {
            **_key(token.exception, f"TOKEN#{token.tier}"),
            "version": token.version,
            "token": token.token,
        }
        return transact(self._table, [{"ConditionCheck": asked}, {"Put": {"Item": item}}])

    def latest(self, exception_id: str, tier: str) -> TaskToken | None:
        item = self._item(_key(exception_id, f"TOKEN#{tier}"))
        if item is None:
            return None
        return TaskToken(exception_id, int(item["version"]), tier, item["token"])

    def _listed(self, part: str, **more: Any) -> Iterator[SpendException]:
        listed = Key("gsi1pk").eq(part)
        items = query(self._table, IndexName="gsi1", KeyConditionExpression=listed, **more)
        return (SpendException.model_validate_json(item["json"]) for item in items)

    def _item(self, key: dict[str, str]) -> dict[str, Any] | None:
        item: dict[str, Any] | None = self._table.get_item(Key=key, ConsistentRead=True).get(
            "Item"
        )
        return item


def _key(exception_id: str, part: str) -> dict[str, str]:
    return {"pk": f"EXC#{exception_id}", "sk": part}


def _split_key(team: str, policy: str) -> dict[str, str]:
    return {"pk": f"SPLIT#{team}#{policy}", "sk": "S"}


def _exception(change: Change) -> dict[str, Any]:
    new = change.new
    item: dict[str, Any] = {
        **_key(new.id, "META"),
        "gsi1pk": _PENDING if new.asked else _CLOSED,
        "gsi1sk": new.id,
        "json": new.model_dump_json(),
        "revision": new.revision,
        "version": new.version,
    }
    if new.asked is not None:
        item["asked"] = new.asked.tier.name
    if change.old is None:
        return {"Item": item, **_ABSENT}
    return {
        "Item": item,
        "ConditionExpression": "revision = :read",
        "ExpressionAttributeValues": {":read": change.old.revision},
    }


def _split(count: SplitCount) -> dict[str, Any]:
    item = {
        **_split_key(count.team, count.policy),
        "json": count.model_dump_json(),
        "version": count.version,
    }
    if count.version == 1:
        return {"Item": item, **_ABSENT}
    return {
        "Item": item,
        "ConditionExpression": "version = :read",
        "ExpressionAttributeValues": {":read": count.version - 1},
    }


def _decision(decision: TierDecision) -> dict[str, Any]:
    key = _key(decision.exception, f"DECISION#{decision.number:06}")
    return {"Item": {**key, "json": decision.model_dump_json()}, **_ABSENT}
