"""The demo's gateway: what it tells is the same by either way, and its past adds up."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.costs import MemoryCostHistory
from bursar.adapters.memory.statements import MemoryStatementStore
from bursar.adapters.usage_formats.reading import read
from bursar.config.bursar_yaml import validated
from bursar.domain.ledger.months import MonthState
from bursar.domain.money import Money
from bursar.domain.periods import DAY, HOUR, Window, day_of, hour_of, hours, month_of
from bursar.domain.usage.producers import ProducerPolicy
from bursar.domain.usage.rejections import Placed
from bursar.jobs.verify_ledger import verify_ledger
from bursar.local.demo_config import demo_config
from bursar.local.gateway_traffic import GATEWAY, usage_message, usage_records
from bursar.local.scenario import Scenario
from bursar.local.usage_past import UsagePast
from tests.unit.domain.sample_statements import hour_at

START = datetime(2026, 8, 24, tzinfo=UTC)  # a Monday
NOON = datetime(2026, 9, 30, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return Scenario(start=START, seed=7)


@pytest.fixture
def past(scenario: Scenario) -> UsagePast:
    config = validated(demo_config({"inference": 1, "training": 2}))
    return UsagePast(config, scenario, MemoryCostHistory(), MemoryOutbox())


def stated_usd(past: UsagePast, window: Window) -> Money:
    hours = past.statements.hours(window)
    return Money.sum(line.usd for hour in hours for line in hour.lines.values())


def posted_usd(past: UsagePast, hour: datetime) -> Money:
    return Money.sum(leaf.amounts.usd for leaf in past.ledger.leaves(hour).values())


def test_the_gateways_message_is_read_as_the_records_that_the_past_was_made_of(
    scenario: Scenario,
) -> None:
    told = usage_message(scenario, NOON)
    gateway = ProducerPolicy(name=GATEWAY, tenants=frozenset({"*"}))
    found = [each.record for each in read(told, gateway) if isinstance(each, Placed)]
    assert found == list(usage_records(scenario, NOON))


def test_ids_are_of_one_hour_tenant_feature_and_model(scenario: Scenario) -> None:
    ids = [each.id for n in range(3) for each in usage_records(scenario, NOON + n * HOUR)]
    assert len(set(ids)) == len(ids) > 3
    assert ids == [each.id for n in range(3) for each in usage_records(scenario, NOON + n * HOUR)]


def test_an_hour_that_was_lived_is_archived_posted_and_stated(
    past: UsagePast, scenario: Scenario
) -> None:
    hour = hour_of(NOON)
    past.live(hour)
    assert list(past.archive.records(hour)) == list(usage_records(scenario, NOON))
    assert stated_usd(past, hour) == posted_usd(past, NOON) > Money.zero()
    assert past.ledger.touched() == []


def test_the_month_before_is_closed_on_the_third_and_late_usage_adjusts_it_on_the_fifth(
    past: UsagePast,
) -> None:
    past.live(hour_of(NOON))
    for hour in hours(month_of(NOON)):
        if hour.start != NOON:
            past.statements.put_hour(hour_at(hour.start))
    september = posted_usd(past, NOON)
    third, fifth = (datetime(2026, 10, n, tzinfo=UTC) for n in (3, 5))
    for day in (third - DAY, third, fifth):
        past.settle(day_of(day))
        closed = past.ledger.state("2026-09") is MonthState.CLOSED
        assert closed is (day >= third)
    frozen = past.closed_months.frozen("2026-09")
    assert frozen is not None
    late = past.ledger.leaves(fifth + DAY)  # told when the day was over
    assert {key.adjusts for key in late} == {"2026-09"}
    assert posted_usd(past, NOON) == september  # as it was closed
    found = verify_ledger(
        "2026-09", fifth + DAY, ledger=past.ledger, reader=past.ledger, archive=past.archive
    )
    assert found.holds


def test_a_month_that_the_scenario_did_not_see_whole_is_closed_with_unknown_hours(
    past: UsagePast,
) -> None:
    past.live(hour_of(START))
    past.settle(day_of(START))  # of July nothing is known
    past.settle(day_of(datetime(2026, 9, 3, tzinfo=UTC)))
    assert past.ledger.state("2026-07") is MonthState.OPEN
    assert past.ledger.state("2026-08") is MonthState.CLOSED
    august = past.closed_months.frozen("2026-08")
    assert august is not None
    assert august.unstated == (
        Window(datetime(2026, 8, 1, tzinfo=UTC), START),
        Window(START + HOUR, datetime(2026, 9, 1, tzinfo=UTC)),
    )
    fifth = datetime(2026, 9, 5, tzinfo=UTC)
    past.settle(day_of(fifth))
    assert not past.ledger.leaves(fifth + DAY)  # its late usage is September's alone


def test_a_day_tells_every_statement_that_was_made_on_it(past: UsagePast) -> None:
    day, copy = day_of(NOON), MemoryStatementStore()
    past.live_day(day).put_into(copy)
    assert copy.hours(day) == past.statements.hours(day)
    assert len(copy.hours(day)) == 24
    assert past.live_day(Window(day.end, day.end)).statements == []
