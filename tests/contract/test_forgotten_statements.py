"""Late usage of a day of which the table keeps the sum alone: its hours have expired."""

from __future__ import annotations

from typing import Any

import pytest
from boto3.dynamodb.conditions import Key

from bursar.adapters.dynamodb.statements import DynamoStatementStore
from bursar.adapters.memory.costs import MemoryCostHistory
from bursar.domain.ledger.lines import Line
from bursar.domain.ledger.months import MonthState
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, Window, day_of, month_window
from bursar.domain.usage.records import TokenCounts
from tests.unit.jobs.stating_guard import NOW, OCTOBER, Guard

BEFORE = Window(OCTOBER.start - HOUR, OCTOBER.start)
NEXT = Window(NOW.end, NOW.end + HOUR)


@pytest.fixture
def guard(dynamodb_table: Any) -> Guard:
    """An October of two hours that were stated, at 8 + 1 and 4, and then forgotten."""
    guard = Guard(DynamoStatementStore(dynamodb_table))
    for hour, usd in ((BEFORE, "4"), (OCTOBER, "8")):
        guard.run_pods(usd, hour)
        guard.serve("bolt", TokenCounts(input=10), hour)
    guard.buy("1", OCTOBER)
    for hour in (BEFORE, OCTOBER):
        guard.state(hour)
    guard.history = MemoryCostHistory()
    forget(dynamodb_table)
    return guard


def forget(table: Any, first: str = "2026-10") -> None:
    """What the table's time to live does, to the hours whose names begin so."""
    where = Key("pk").eq("LEDGER#HOURS") & Key("sk").begins_with(first)
    for item in table.query(KeyConditionExpression=where)["Items"]:
        table.delete_item(Key={name: item[name] for name in ("pk", "sk")})


def usd(guard: Guard, window: Window) -> Money:
    return Money.sum(each.total for each in guard.statements.days(window))


def test_it_is_an_adjustment_that_names_the_month_and_other_hours_are_stated(guard: Guard) -> None:
    guard.buy("2", OCTOBER)
    guard.serve("acme", TokenCounts(input=90), BEFORE)
    guard.buy("3")
    assert guard.state().adjusted == (BEFORE, OCTOBER)
    assert guard.waiting == []
    [now] = guard.statements.hours(NOW)
    adjusts = {(key.tenant, key.model): line for key, line in now.lines.items() if key.adjusts}
    assert {key.adjusts for key in now.lines} == {"", "2026-10"}
    assert adjusts["acme", "gpt"].usd == Money.of(2)
    assert adjusts["acme", "llama"] == Line(
        requests=1, charged_before=TokenCounts(input=90), charged_before_requests=1
    )
    assert len(adjusts) == 2  # nothing of bolt's has changed
    assert usd(guard, month_window("2026-10")) == Money.of(13)  # 8 + 1 + 4, as before
    assert now.total == Money.of(5)


def test_each_late_record_is_stated_once_however_often_its_hour_is_touched(guard: Guard) -> None:
    guard.buy("2", OCTOBER)
    guard.state()
    guard.ledger.touch(OCTOBER.start, "the same run again")
    guard.state()
    guard.buy("0.5", BEFORE)
    guard.ledger.touch(OCTOBER.start, "touched, and nothing new")
    guard.state(NEXT)
    # 2, and then what has come since
    assert [guard.total(hour) for hour in (NOW, NEXT)] == [Money.of(2), Money.of("0.5")]


def test_a_closed_month_takes_nothing_twice(guard: Guard) -> None:
    guard.ledger.turn("2026-10", MonthState.FROZEN)
    guard.ledger.turn("2026-10", MonthState.CLOSED)
    guard.ledger.touch(OCTOBER.start, "late machine")
    guard.state()
    assert guard.total(NOW) == Money.zero()


def test_a_kept_hour_of_a_day_that_has_lost_others_is_adjusted_too(
    dynamodb_table: Any, guard: Guard
) -> None:
    late = Window(NOW.start - HOUR, NOW.start)
    for hour in (late, NOW):
        guard.buy("1", hour)
        guard.state(hour)
    forget(dynamodb_table, f"{late.start:%Y-%m-%dT%H}")
    guard.buy("2")
    assert guard.state(NEXT).adjusted == (NOW,)
    assert (guard.total(NOW), guard.total(NEXT)) == (Money.of(1), Money.of(2))
    assert usd(guard, day_of(NOW.start)) == Money.of(4)  # 1 + 1 + 2
