"""What every store of instance states does: keep each once, and answer them by time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from bursar.adapters.dynamodb.lifetimes import DynamoLifetimeStore, UnansweredKeysError
from bursar.adapters.memory.clusters import MemoryLifetimeStore
from bursar.domain.cluster.lifetimes import InstanceState
from bursar.ports import LifetimeStore

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
RUNNING = InstanceState("i-1", "running", NOON)
ENDED = InstanceState("i-1", "terminated", NOON + timedelta(minutes=90))


@pytest.fixture
def lifetimes(backing: Any) -> LifetimeStore:
    return MemoryLifetimeStore() if backing is None else DynamoLifetimeStore(backing)


def test_states_come_oldest_first_in_whatever_order_they_were_told(
    lifetimes: LifetimeStore,
) -> None:
    lifetimes.record(ENDED)
    lifetimes.record(RUNNING)
    assert lifetimes.states(["i-1"]) == {"i-1": [RUNNING, ENDED]}


def test_a_state_told_twice_is_kept_once(lifetimes: LifetimeStore) -> None:
    tokyo = timezone(timedelta(hours=9))
    for at in (NOON, NOON, NOON.astimezone(tokyo)):
        lifetimes.record(InstanceState("i-1", "running", at))
    assert lifetimes.states(["i-1"]) == {"i-1": [RUNNING]}


def test_fractions_of_a_second_survive_and_sort(lifetimes: LifetimeStore) -> None:
    times = [NOON + timedelta(milliseconds=n) for n in (500, 0, 20)]
    for at in times:
        lifetimes.record(InstanceState("i-1", "running", at))
    assert [each.at for each in lifetimes.states(["i-1"])["i-1"]] == sorted(times)


def test_an_instance_never_heard_of_is_absent(lifetimes: LifetimeStore) -> None:
    lifetimes.record(RUNNING)
    assert set(lifetimes.states(["i-1", "i-2"])) == {"i-1"}
    assert lifetimes.states(["i-2"]) == lifetimes.states([]) == {}


def test_more_ids_than_one_batch_are_all_answered(lifetimes: LifetimeStore) -> None:
    ids = [f"i-{n:03}" for n in range(230)]
    for id_ in ids:
        lifetimes.record(InstanceState(id_, "running", NOON))
    assert set(lifetimes.states([*ids, *ids[:50], "i-unknown"])) == set(ids)


class Stingy:
    """A client that answers some keys of each batch, and leaves the others for later."""

    def __init__(self, client: Any, answered: int) -> None:
        self._client, self._answered = client, answered

    def batch_get_item(self, RequestItems: Mapping[str, Any]) -> Any:  # noqa: N803
        ((name, asked),) = RequestItems.items()
        now, later = asked["Keys"][: self._answered], asked["Keys"][self._answered :]
        found: dict[str, Any] = {"Responses": {}}
        if now:
            found = self._client.batch_get_item(RequestItems={name: {"Keys": now}})
        return found | {"UnprocessedKeys": {name: {"Keys": later}} if later else {}}


def stingy(table: Any, answered: int, pauses: list[float]) -> DynamoLifetimeStore:
    meta = type("Meta", (), {"client": Stingy(table.meta.client, answered)})()
    double = type("Table", (), {"name": table.name, "meta": meta})()
    return DynamoLifetimeStore(double, sleep=pauses.append)


def test_keys_left_unanswered_are_asked_again_after_a_pause(dynamodb_table: Any) -> None:
    kept = DynamoLifetimeStore(dynamodb_table)
    for n in range(5):
        kept.record(InstanceState(f"i-{n}", "running", NOON))
    pauses: list[float] = []
    found = stingy(dynamodb_table, 2, pauses).states([f"i-{n}" for n in range(5)])
    assert (len(found), len(pauses)) == (5, 2)


def test_keys_never_answered_are_an_error_and_not_absent(dynamodb_table: Any) -> None:
    with pytest.raises(UnansweredKeysError):
        stingy(dynamodb_table, 0, []).states(["i-1"])
