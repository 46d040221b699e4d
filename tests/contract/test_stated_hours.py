"""Which hours the ledger has stated, by the days that they add up to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bursar.adapters.dynamodb.statements import DynamoStatementStore
from bursar.adapters.memory.statements import MemoryStatementStore
from bursar.domain.periods import HOUR, Window
from bursar.ports import StatementStore
from tests.unit.domain.sample_statements import hour_at, pods

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def store(backing: Any) -> StatementStore:
    return MemoryStatementStore() if backing is None else DynamoStatementStore(backing)


def test_hours_are_stated_whether_they_cost_anything_or_not(store: StatementStore) -> None:
    for at in (NOON, NOON + HOUR, NOON + 24 * HOUR):
        store.put_hour(hour_at(at))
    store.put_hour(hour_at(NOON, pods("acme", "1")))  # again
    assert store.stated_hours(Window(NOON, NOON + 24 * HOUR)) == {NOON, NOON + HOUR}  # half-open
    assert store.stated_hours(Window(NOON + HOUR, NOON + 25 * HOUR)) == {
        NOON + HOUR,
        NOON + 24 * HOUR,
    }
    assert store.stated_hours(Window(NOON, NOON)) == frozenset()


def test_hours_that_are_kept_no_more_were_stated_all_the_same(dynamodb_table: Any) -> None:
    store = DynamoStatementStore(dynamodb_table)
    told = [hour_at(NOON + n * HOUR, pods("acme", "1")) for n in range(3)]
    store.load(told, hours_from=NOON + timedelta(days=9))
    window = Window(NOON, NOON + 3 * HOUR)
    assert (store.hours(window), len(store.days(window))) == ([], 1)
    assert store.stated_hours(window) == {each.window.start for each in told}
