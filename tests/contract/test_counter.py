"""What every counter does: stop at its ceiling, however many count at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Lock
from typing import Any

import boto3
import pytest
from moto import mock_aws

from bursar.adapters.dynamodb.counters import DynamoCounter
from bursar.adapters.memory.spend import MemoryCounter
from bursar.ports import Counter

EXPIRES = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def prices_table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        table = boto3.resource("dynamodb", region_name="us-east-1").create_table(
            TableName="counters",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
        )
        # DynamoDB decides and writes in one step; moto does not: it gets one request at a time
        one_at_a_time = Lock()
        call = table.meta.client._make_api_call

        def in_one_step(*request: Any) -> Any:
            with one_at_a_time:
                return call(*request)

        monkeypatch.setattr(table.meta.client, "_make_api_call", in_one_step)
        yield table


@pytest.fixture(params=["memory", "dynamodb"])
def counter(request: pytest.FixtureRequest) -> Counter:
    if request.param == "memory":
        return MemoryCounter()
    return DynamoCounter(request.getfixturevalue("prices_table"))


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


def test_the_item_is_forgotten_by_its_own_clock(prices_table: Any) -> None:
    DynamoCounter(prices_table).take("day", 1, EXPIRES)
    (item,) = prices_table.scan()["Items"]
    assert (item["pk"], item["expires_at"]) == ("COUNTER#day", int(EXPIRES.timestamp()))
