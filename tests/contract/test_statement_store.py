"""What every store of statements does: keep hours, the days they add up to, adjustments."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from bursar.adapters import statement_codec
from bursar.adapters.dynamodb.statements import DynamoStatementStore
from bursar.adapters.memory.statements import MemoryStatementStore
from bursar.domain.ledger.adjustments import Adjustment
from bursar.domain.ledger.lines import CostCategory, Kind, Line, LineKey, Statement
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, Window, day_of, hour_of
from bursar.domain.quality import Quality
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.records import TokenCounts, TokenSums
from bursar.ports import StatementStore

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = day_of(NOON)
ACME = LineKey("acme", CostCategory.EXTERNAL_API, model="gpt", provider="openai")

texts = some.text(some.characters(codec="utf-8"), max_size=8)
counts = some.builds(
    TokenSums,
    input=some.integers(-(10**15), 10**15),
    cached_input=some.integers(-10, 10),
    output=some.integers(-5, 10**12),
    reasoning=some.integers(0, 5),
)
keys = some.builds(
    LineKey,
    tenant=texts,
    category=some.sampled_from(CostCategory),
    team=texts,
    model=texts,
    key=texts,
    adjusts=some.sampled_from(["", "2026-10"]),
    kind=some.sampled_from(Kind),
)
amounts = some.builds(
    ClassAmounts, input=some.integers(-(10**36), 10**36), output=some.integers(0, 9)
)
lines = some.builds(
    Line,
    some.integers(-(10**36), 10**36),
    some.integers(-9, 10**12),
    counts,
    counts,
    some.integers(0, 9),
    amounts,
    counts,
    some.integers(0, 9),
)
statements = some.builds(
    Statement,
    window=some.just(hour_of(NOON)),
    lines=some.dictionaries(keys, lines, max_size=5),
    quality=some.sampled_from(Quality),
    as_of=some.integers(0, 2**40),
    missing=some.lists(texts, max_size=2).map(tuple),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(statements)
def test_any_statement_comes_back_from_its_bytes(told: Statement) -> None:
    assert statement_codec.decode(*statement_codec.encode(told)) == told


def test_lines_of_before_their_classes_were_kept_come_back_without_them() -> None:
    row = [list(ACME), "7", 2, [10, 0, 0, 0, 5, 0], []]
    header, _ = statement_codec.encode(stated("1"))
    told = statement_codec.decode(header, [gzip.compress(json.dumps([row]).encode())])
    assert told.lines == {ACME: Line(7, 2, TokenCounts(input=10, output=5))}


@pytest.fixture
def store(backing: Any) -> StatementStore:
    return MemoryStatementStore() if backing is None else DynamoStatementStore(backing)


def stated(usd: str, at: datetime = NOON, **more: Any) -> Statement:
    values = {"quality": Quality.FINAL, "as_of": 7, **more}
    return Statement(hour_of(at), {ACME: Line(Money.of(usd).units, 1)}, **values)


def test_an_hour_is_kept_exactly(store: StatementStore) -> None:
    told = stated("0.000000000001", quality=Quality.ESTIMATED, missing=("prod",))
    store.put_hour(told)
    assert store.hours(told.window) == [told]


def test_an_hour_stated_again_replaces_itself_also_in_its_day(store: StatementStore) -> None:
    for at, usd in ((NOON, "1"), (NOON + HOUR, "2"), (NOON, "10"), (NOON, "7")):
        store.put_hour(stated(usd, at))
    [day] = store.days(TODAY)
    assert [hour.total for hour in store.hours(TODAY)] == [Money.of(7), Money.of(2)]
    assert (day.window, day.total, day.lines[ACME].requests) == (TODAY, Money.of(9), 2)


def test_windows_are_half_open_and_oldest_first(store: StatementStore) -> None:
    for n in (30, 0, 1, 11):
        store.put_hour(stated("1", NOON + n * HOUR))

    def hours(start: datetime, end: datetime) -> list[int]:
        return [each.window.start.hour for each in store.hours(Window(start, end))]

    assert hours(NOON, NOON + 12 * HOUR) == [12, 13, 23]
    assert hours(NOON + HOUR, NOON + 11 * HOUR) == [13]
    assert hours(NOON, NOON) == []
    days = store.days(Window(TODAY.start, TODAY.end + timedelta(days=9)))
    assert [each.window.start.day for each in days] == [20, 21]


def test_a_long_statement_comes_back_whole(dynamodb_table: Any) -> None:
    store = DynamoStatementStore(dynamodb_table)
    some_lines = {
        ACME._replace(tenant=f"{n * 2654435761 % 2**32:08x}", key=str(n)): Line(n, n)
        for n in range(12_000)
    }
    told = Statement(hour_of(NOON), some_lines, Quality.FINAL, 7)
    store.put_hour(told)
    assert store.hours(told.window) == [told]
    assert store.days(TODAY)[0].lines == some_lines


def adjustment(made_in: datetime, of: datetime, usd: str) -> Adjustment:
    lines = {ACME: Line(Money.of(usd).units)} if usd else {}
    return Adjustment(hour_of(made_in), hour_of(of), lines)


def test_adjustments_are_found_by_the_hour_that_makes_them(store: StatementStore) -> None:
    october = datetime(2026, 10, 3, 5, tzinfo=UTC)
    told = [
        adjustment(NOON, october, "1"),
        adjustment(NOON, october + HOUR, "2"),
        adjustment(NOON + 2 * HOUR, october, "-1"),
    ]
    for each in reversed(told):
        store.put_adjustment(each)
    assert store.adjustments(hour_of(NOON)) == told[:2]
    assert store.adjustments(TODAY) == told
    assert store.adjustments(hour_of(NOON + HOUR)) == []


def test_an_adjustment_made_again_replaces_itself(store: StatementStore) -> None:
    october = datetime(2026, 10, 3, 5, tzinfo=UTC)
    for usd in ("1", "2", ""):
        store.put_adjustment(adjustment(NOON, october, usd))
    assert store.adjustments(TODAY) == [adjustment(NOON, october, "")]


def test_hours_are_forgotten_after_400_days_and_days_are_not(dynamodb_table: Any) -> None:
    DynamoStatementStore(dynamodb_table).put_hour(stated("2"))
    until = {item["pk"]: item.get("expires_at") for item in dynamodb_table.scan()["Items"]}
    expected = int((NOON + HOUR + timedelta(days=400)).timestamp())
    assert until == {"LEDGER#HOURS": expected, "LEDGER#DAYS": None}
