"""What every store of frozen months does: keep the first, whole and for ever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bursar.adapters.dynamodb.closed_months import DynamoClosedMonthStore
from bursar.adapters.memory.closed_months import MemoryClosedMonthStore
from bursar.domain.attribution.rules import Owner
from bursar.domain.chargeback import FrozenMonth
from bursar.domain.ledger.lines import CostCategory, Line, LineKey, Statement
from bursar.domain.periods import HOUR, Window, hour_of, month_window
from bursar.domain.quality import Quality
from bursar.domain.usage.records import TokenCounts
from bursar.ports import ClosedMonthStore

CLOSED_AT = datetime(2026, 12, 2, 9, 30, tzinfo=UTC)
KEY = LineKey(
    "ümlaut\n=1",
    CostCategory.EXTERNAL_API,
    *("search", "claude", "chat", "k1", "aws", "", "", "2026-10"),
)
LINE = Line(10**24 + 1, 3, TokenCounts(input=5, cached_input=2, output=1), TokenCounts(output=9))


@pytest.fixture
def store(backing: Any) -> ClosedMonthStore:
    return MemoryClosedMonthStore() if backing is None else DynamoClosedMonthStore(backing)


def month(units: int = 1, **changes: Any) -> FrozenMonth:
    lines = {KEY: LINE, LineKey("acme", CostCategory.STORAGE): Line(units)}
    statement = Statement(month_window("2026-11"), lines, Quality.ESTIMATED, 17, ("prod",))
    opening = {Owner("acme", "search"): -(10**24), Owner("", "search"): 5}
    unstated = (hour_of(CLOSED_AT), Window(CLOSED_AT, CLOSED_AT + 3 * HOUR))
    return replace(FrozenMonth("2026-11", CLOSED_AT, statement, opening, unstated), **changes)


def test_a_month_survives_to_its_last_digit(store: ClosedMonthStore) -> None:
    assert store.frozen("2026-11") is None
    assert store.freeze(month())
    assert store.frozen("2026-11") == month()
    assert store.frozen("2026-10") is None


def test_the_first_to_freeze_a_month_stands(store: ClosedMonthStore) -> None:
    assert store.freeze(month(1))
    assert not store.freeze(month(2))
    assert not store.freeze(month(1))
    assert store.frozen("2026-11") == month(1)


def test_of_several_at_once_one_freezes_it(store: ClosedMonthStore) -> None:
    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(lambda units: (store.freeze(month(units)), units), range(1, 5)))
    [units] = [units for first, units in won if first]
    assert store.frozen("2026-11") == month(units)


def test_more_lines_than_one_item_holds_are_kept(store: ClosedMonthStore) -> None:
    lines = {
        LineKey(f"tenant-{n * 7919}", CostCategory.EXTERNAL_API, model=f"m{n % 97}"): Line(n * n)
        for n in range(9_000)
    }
    opening = {Owner(f"tenant-{n}"): n for n in range(9_000)}
    statement = replace(month().statement, lines=lines)
    large = month(statement=statement, opening=opening)
    assert store.freeze(large)
    assert store.frozen("2026-11") == large
