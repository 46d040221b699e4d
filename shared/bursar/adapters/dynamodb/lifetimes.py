"""EC2 state changes: `INSTANCE#id` / `L`, a set of `time state`; a repeat changes nothing."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bursar.domain.cluster.lifetimes import InstanceState

_KEPT = timedelta(days=400)
_BATCH = 100  # BatchGetItem's limit
_ROUNDS = 8
_FIRST_PAUSE_SECONDS = 0.05


class UnansweredKeysError(Exception):
    """DynamoDB left keys of a batch unanswered, round after round."""


class DynamoLifetimeStore:
    def __init__(self, table: Any, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._table, self._sleep = table, sleep

    def record(self, state: InstanceState) -> None:
        at = state.at.astimezone(UTC)
        self._table.update_item(
            Key=_key(state.instance_id),
            UpdateExpression="ADD states :state SET expires_at = :expires",
            ExpressionAttributeValues={
                ":state": {f"{at.isoformat(timespec='microseconds')} {state.state}"},
                ":expires": int((at + _KEPT).timestamp()),
            },
        )

    def states(self, instance_ids: Collection[str]) -> Mapping[str, Sequence[InstanceState]]:
        ids = sorted(set(instance_ids))
        batches = (ids[first : first + _BATCH] for first in range(0, len(ids), _BATCH))
        found = {}
        for item in (item for batch in batches for item in self._get(batch)):
            name = item["pk"].removeprefix("INSTANCE#")
            found[name] = [_read(name, text) for text in sorted(item["states"])]
        return found

    def _get(self, ids: Sequence[str]) -> Iterator[dict[str, Any]]:
        request = {self._table.name: {"Keys": [_key(each) for each in ids]}}
        for attempt in range(_ROUNDS):
            answer = self._table.meta.client.batch_get_item(RequestItems=request)
            yield from answer["Responses"].get(self._table.name, ())
            request = answer.get("UnprocessedKeys") or {}
            if not request:
                return
            self._sleep(random.uniform(0, _FIRST_PAUSE_SECONDS * 2**attempt))
        raise UnansweredKeysError(f"{_ROUNDS} rounds")


def _key(instance_id: str) -> dict[str, str]:
    return {"pk": f"INSTANCE#{instance_id}", "sk": "L"}


def _read(instance_id: str, text: str) -> InstanceState:
    at, _, state = text.partition(" ")
    return InstanceState(instance_id, state, datetime.fromisoformat(at))
