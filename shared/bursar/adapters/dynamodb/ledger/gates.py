"""Gates of months: `GATE#2026-11` / `<shard>`; an item that is absent is an open gate.

Postings check one shard of 16, so that the check is not hot; a month is turned shard by shard.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError

from bursar.adapters.dynamodb.paging import query
from bursar.adapters.dynamodb.transactions import (
    TransactionConflictError,
    full_jitter,
    transact,
)
from bursar.domain.ledger.months import (
    FreezeTakenOverError,
    MonthBusyError,
    MonthClosedError,
    MonthState,
)

SHARDS = 16
_TRIES = 10


def _key(month: str, shard: int) -> dict[str, str]:
    return {"pk": f"GATE#{month}", "sk": f"{shard:x}"}


def check(month: str, shard: int) -> dict[str, Any]:
    """A ConditionCheck that the month takes postings."""
    return {
        "Key": _key(month, shard),
        "ConditionExpression": "attribute_not_exists(#state) OR #state = :open",
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": {":open": MonthState.OPEN},
    }


class DynamoMonthGates:
    def __init__(self, table: Any, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._table = table
        self._sleep = sleep

    def state(self, month: str) -> MonthState:
        """`closed` as soon as one shard is: it was all frozen and summed before."""
        where = Key("pk").eq(f"GATE#{month}")
        found = query(self._table, KeyConditionExpression=where, ConsistentRead=True)
        states = {MonthState(item["state"]) for item in found}
        strictest = (MonthState.CLOSED, MonthState.FROZEN)
        return next((state for state in strictest if state in states), MonthState.OPEN)

    def turn(self, month: str, to: MonthState, *, by: str | None = None) -> None:
        """Turn all shards: open and freeze them one at a time, where calling it again finishes
        what was broken off; close what `by` has frozen at once, so that it is closed whole."""
        if self.state(month) is MonthState.CLOSED and (by or to is not MonthState.CLOSED):
            raise MonthClosedError(month)
        if by and to is MonthState.CLOSED:
            self._close(month, by)
            return
        for shard in range(SHARDS):
            self._turn(month, shard, to, by)

    def _turn(self, month: str, shard: int, to: MonthState, by: str | None) -> None:
        """Postings that check the gate at this moment are in the way: wait for them."""
        own = bool(by) and to is MonthState.OPEN
        for attempt in range(_TRIES):
            try:
                self._table.update_item(**_turned(month, shard, to, by, own=own))
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code == "ConditionalCheckFailedException":
                    if own and self.state(month) is not MonthState.CLOSED:
                        return  # another freeze holds it
                    raise MonthClosedError(month) from None
                if code != "TransactionConflictException":
                    raise
                self._sleep(full_jitter(attempt))
            else:
                return
        raise MonthBusyError(month)

    def _close(self, month: str, by: str) -> None:
        shards = [
            {"Update": _turned(month, shard, MonthState.CLOSED, by, own=True)}
            for shard in range(SHARDS)
        ]
        for _ in range(_TRIES):  # each of the postings to the month is in its way
            try:
                if transact(self._table, shards, sleep=self._sleep):
                    return
            except TransactionConflictError:
                continue
            break
        else:
            raise MonthBusyError(month)
        if self.state(month) is MonthState.CLOSED:
            raise MonthClosedError(month)
        raise FreezeTakenOverError(month)


def _turned(
    month: str, shard: int, to: MonthState, by: str | None, *, own: bool
) -> dict[str, Any]:
    """The update of a shard that is not closed, or closes it; if `own`, of one that `by` froze."""
    values = {":to": to, ":by": by or ""}
    if own:
        condition = "#state = :frozen AND frozen_by = :by"
        values[":frozen"] = MonthState.FROZEN
    else:
        condition = "attribute_not_exists(#state) OR #state <> :closed OR :to = :closed"
        values[":closed"] = MonthState.CLOSED
    return {
        "Key": _key(month, shard),
        "UpdateExpression": "SET #state = :to, frozen_by = :by",
        "ConditionExpression": condition,
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": values,
    }
