"""What every counter does: stop at its ceiling, however many count at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from bursar.adapters.dynamodb.counters import DynamoCounter
from bursar.adapters.memory.spend import MemoryCounter
from bursar.ports import Counter

EXPIRES = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def counter(backing: Any) -> Counter:
    return MemoryCounter() if backing is None else DynamoCounter(backing)


def test_the_ceiling_is_the_last_one_given(counter: Counter) -> None:
    assert [counter.take("day", 3, EXPIRES) for _ in range(5)] == [True] * 3 + [False] * 2


def test_each_name_counts_for_itself(counter: Counter) -> None:
    assert counter.take("monday", 1, EXPIRES)
    assert counter.take("tuesday", 1, EXPIRES)
    assert not counter.take("monday", 1, EXPIRES)


def test_a_ceiling_of_zero_gives_nothing(counter: Counter) -> None:
    assert not counter.take("day", 0, EXPIRES)


def test_a_raised_ceiling_gives_more(counter: Counter) -> None:
    assert [counter.take("day", 1, EXPIRES) for _ in range(2)] == [True, False]
    assert [counter.take("day", 2, EXPIRES) for _ in range(2)] == [True, False]


def test_the_ceiling_holds_when_many_count_at_once(counter: Counter) -> None:
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: counter.take("day", 10, EXPIRES), range(40)))
    assert sum(taken) == 10


def test_the_item_is_forgotten_by_its_own_clock(dynamodb_table: Any) -> None:
    DynamoCounter(dynamodb_table).take("day", 1, EXPIRES)
    (item,) = dynamodb_table.scan()["Items"]
    assert (item["pk"], item["expires_at"]) == ("COUNTER#day", int(EXPIRES.timestamp()))
