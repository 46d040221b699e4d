"""What is unusual is told once, where it stands out, with what made it; what is billed by rule
is not. On made days, and on a real bill of 2024."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.costs import MemoryCostHistory
from bursar.adapters.memory.series import MemoryAnomalyStore
from bursar.adapters.memory.spend import MemorySpendStore
from bursar.adapters.memory.statements import MemoryStatementStore
from bursar.config import Config
from bursar.domain.alerts import Alert
from bursar.domain.anomaly_events.events import State
from bursar.domain.books import Book
from bursar.domain.ledger.lines import CostCategory, Line, LineKey, Statement
from bursar.domain.money import Money
from bursar.domain.periods import DAY, HOUR, Window, midnight
from bursar.domain.quality import Quality
from bursar.domain.series.names import Grain
from bursar.domain.spend import Metric, SpendFact
from bursar.domain.usage.records import TokenCounts
from bursar.events.series import SeriesRun
from bursar.jobs.detect_anomalies import AnomalyContentionError, detect_anomalies
from tests.unit.jobs.sample_config import ACCOUNT, budget, config

REAL = (
    Path(__file__).parents[4]
    / "shared/data/billing/ce_get_cost_and_usage_daily_2024-02-01_03-31.json"
)
MONDAY = datetime(2026, 9, 7, tzinfo=UTC)
FLOORS = {"at_least": {"usd": "50", "percent": 25}}
EC2 = "Amazon Elastic Compute Cloud - Compute"


class Guard:
    """The job on stores in memory, one run a day."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.outbox = MemoryOutbox()
        self.statements, self.spend = MemoryStatementStore(), MemorySpendStore()
        self.history, self.anomalies = MemoryCostHistory(), MemoryAnomalyStore(self.outbox)

    def run(self, after: datetime, book: Book = Book.LEDGER, grain: Grain = Grain.DAY) -> Any:
        """As it runs after the day (or hour) that begins then."""
        length = DAY + 100 * HOUR / 60 if grain is Grain.DAY else HOUR + HOUR / 2
        return detect_anomalies(
            SeriesRun(scheduled_at=after + length, book=book, grain=grain),
            self.config,
            statements=self.statements,
            spend=self.spend,
            history=self.history,
            anomalies=self.anomalies,
        )

    def state_day(self, day: datetime, usd: Mapping[LineKey, float]) -> None:
        """State its 24 hours, each a part of the day's dollars."""
        for n in range(24):
            self.state_hour(day + n * HOUR, {key: (each / 24, 0) for key, each in usd.items()})

    def state_hour(self, at: datetime, told: Mapping[LineKey, tuple[float, int]]) -> None:
        lines = {
            key: Line(Money.estimate(usd).units, tokens=TokenCounts(input=tokens))
            for key, (usd, tokens) in told.items()
        }
        window = Window(at, at + HOUR)
        as_of = int((window.end + timedelta(minutes=21)).timestamp())
        self.statements.put_hour(Statement(window, lines, Quality.FINAL, as_of))


def place(namespace: str, team: str = "") -> LineKey:
    return LineKey(
        namespace,
        CostCategory.GPU_COMPUTE,
        team=team or namespace,
        cluster="prod",
        namespace=namespace,
    )


SEARCH, CHAT = place("search"), place("chat")


def usual(n: int) -> dict[LineKey, float]:
    """$200 and $100 a day, less at weekends, never twice the same."""
    weekly = 0.6 if n % 7 >= 5 else 1.0
    return {SEARCH: weekly * (200 + 7 * (n * 5 % 11 - 5)), CHAT: weekly * (100 + 3 * (n * 7 % 13))}


def live(guard: Guard, days: Iterable[int], more: Mapping[LineKey, float] = {}) -> list[Alert]:
    """Days since the first Monday; what they cost beyond the usual; what was told on them."""
    told: list[Alert] = []
    for n in days:
        costs = usual(n)
        for key, extra in more.items():
            costs[key] = costs.get(key, 0) + extra
        day = MONDAY + n * DAY
        guard.state_day(day, costs)
        told += guard.run(day).alerts
    return told


@pytest.fixture
def guard() -> Guard:
    owned = budget("team=chat", "9000", owner="ana")
    return Guard(config(owned, anomalies=FLOORS))


def test_usual_days_are_not_told(guard: Guard) -> None:
    assert live(guard, range(40)) == []


def test_a_rise_is_told_once_where_it_stands_out_with_what_made_it(guard: Guard) -> None:
    live(guard, range(30))
    told = live(guard, range(30, 33), {CHAT: 300})
    [alert] = told
    assert alert.kind == "anomaly.detected"
    assert "more than expected: " in alert.title
    assert alert.title.endswith(": team=chat")
    assert alert.owner == "ana"
    names = {driver.name for driver in alert.drivers}
    assert names >= {"namespace chat", "tenant chat"}
    assert not [name for name in names if "search" in name]
    [event] = guard.anomalies.known(MONDAY)
    assert event.started_at == MONDAY + 30 * DAY
    assert {each.split("/")[1] for each in event.also} >= {"org=acme", "cluster=prod"}
    assert Money.of(800) < event.size < Money.of(1000)  # 3 days of $300, by the forecast


def test_a_run_that_is_repeated_tells_nothing_and_writes_nothing(guard: Guard) -> None:
    live(guard, range(30))
    live(guard, [30], {CHAT: 300})
    before = guard.anomalies.known(MONDAY)
    again = guard.run(MONDAY + 30 * DAY)
    assert (again.alerts, again.events) == ((), ())
    assert guard.anomalies.known(MONDAY) == before


def test_two_causes_on_a_day_are_two_alerts(guard: Guard) -> None:
    live(guard, range(30))
    told = live(guard, [30], {CHAT: 300, SEARCH: 900})
    assert len(told) == 2
    assert {"chat" in each.title for each in told} == {True, False}


def test_it_is_told_again_when_it_has_doubled_and_when_it_is_over(guard: Guard) -> None:
    live(guard, range(30))
    first = live(guard, [30], {CHAT: 300})
    assert live(guard, [31], {CHAT: 400}) == []  # not twice $300
    doubled = live(guard, [32], {CHAT: 900})
    over = live(guard, range(33, 37))
    assert [each.kind for each in (*first, *doubled, *over)] == [
        "anomaly.detected",
        "anomaly.detected",
        "anomaly.resolved",
    ]
    assert doubled[0].title.startswith("again, ")
    assert len({each.id for each in (*first, *doubled, *over)}) == 3
    [event] = guard.anomalies.known(MONDAY)
    assert (event.state, event.ended) == (State.RESOLVED, "back to what is usual")


def test_what_is_smaller_than_the_floors_is_not_told(guard: Guard) -> None:
    live(guard, range(30))
    assert live(guard, [30], {place("tiny"): 40}) == []  # below $50, though new
    assert len(live(guard, [31], {place("small"): 60})) == 1


def test_an_acknowledged_event_goes_on_without_a_word(guard: Guard) -> None:
    live(guard, range(30))
    live(guard, [30], {CHAT: 300})
    [event] = guard.anomalies.known(MONDAY)
    seen = event.model_copy(update={"state": State.ACKNOWLEDGED, "version": event.version + 1})
    assert guard.anomalies.commit(event, seen, ())
    assert live(guard, range(31, 33), {CHAT: 300}) == []
    [event] = guard.anomalies.known(MONDAY)
    assert (event.state, event.latest_at) == (State.ACKNOWLEDGED, MONDAY + 32 * DAY)


def test_what_people_expect_is_quiet_next_time_on_a_like_day_and_size(guard: Guard) -> None:
    live(guard, range(30))
    live(guard, [30], {CHAT: 300})  # a Wednesday
    [event] = guard.anomalies.known(MONDAY)
    said = event.model_copy(update={"state": State.EXPECTED, "version": event.version + 1})
    assert guard.anomalies.commit(event, said, ())
    assert live(guard, range(31, 37)) == []
    assert live(guard, [37], {CHAT: 340}) == []  # the next Wednesday, a little more
    assert live(guard, range(38, 41)) == []
    assert len(live(guard, [41], {CHAT: 1_500})) == 1  # a Sunday, five times as much


def test_a_day_that_is_not_whole_is_not_judged(guard: Guard) -> None:
    live(guard, range(30))
    day = MONDAY + 30 * DAY
    for n in range(20):  # four hours were never stated
        guard.state_hour(day + n * HOUR, {SEARCH: (1.0, 0)})
    assert guard.run(day).alerts == ()


def test_a_book_without_anything_says_nothing(guard: Guard) -> None:
    for book in (Book.LEDGER, Book.BILLED):
        done = guard.run(MONDAY, book)
        assert (done.series, done.alerts) == (0, ())


def test_nothing_is_judged_where_it_is_switched_off() -> None:
    off = Guard(config(anomalies={"enabled": False}))
    assert live(off, range(3), {CHAT: 10_000}) == []


def test_an_event_that_somebody_changed_meanwhile_is_left_to_the_next_try(guard: Guard) -> None:
    class Racing(MemoryAnomalyStore):
        def commit(self, old: Any, new: Any, outbox: Any) -> bool:
            return False

    live(guard, range(30))
    guard.anomalies = Racing(guard.outbox)
    with pytest.raises(AnomalyContentionError, match="AN-"):
        live(guard, [30], {CHAT: 300})


def test_an_hour_with_many_more_tokens_is_told_in_that_hour() -> None:
    guard = Guard(config(anomalies={"at_least_hourly": {"usd": "5", "percent": 50}}))
    key = LineKey("acme", CostCategory.EXTERNAL_API, model="gpt-x", provider="openai")
    told: list[Alert] = []
    for n in range(24 * 15):
        busy = 1.0 if 8 <= n % 24 < 20 else 0.3
        tokens = int(1_000_000 * busy * (1 + 0.02 * (n * 7 % 11 - 5)))
        if n == 24 * 15 - 1:
            tokens *= 12
        guard.state_hour(MONDAY + n * HOUR, {key: (tokens * 2e-6, tokens)})
        if n > 24 * 14:
            told += guard.run(MONDAY + n * HOUR, grain=Grain.HOUR).alerts
    [alert] = told
    assert "(tokens)" in alert.title
    assert "an hour" in alert.title
    [driver] = [each for each in alert.drivers if "model gpt-x" in each.name][:1] or [None]
    assert driver is None or "by volume" in driver.name


def real_facts() -> list[SpendFact]:
    facts = []
    for told in json.loads(REAL.read_text())["ResultsByTime"]:
        day = date.fromisoformat(told["TimePeriod"]["Start"])
        amounts = {
            f"service={group['Keys'][0]}": Money.of(group["Metrics"]["UnblendedCost"]["Amount"])
            for group in told["Groups"]
        }
        amounts["total"] = Money.sum(amounts.values())
        for group, amount in amounts.items():
            facts.append(
                SpendFact(
                    account=ACCOUNT,
                    metric=Metric.UNBLENDED,
                    day=day,
                    group=group,
                    amount=amount,
                    estimated=False,
                    as_of=midnight(day) + DAY,
                )
            )
    return facts


@pytest.mark.skipif(not REAL.exists(), reason="the shared billing data is not here")
def test_on_a_real_bill_the_forgotten_instance_is_told_within_three_days_and_tax_never() -> None:
    guard = Guard(config(anomalies={"at_least": {"usd": "0.50", "percent": 25}}))
    facts, told = real_facts(), list[tuple[date, Alert]]()
    for day in sorted({fact.day for fact in facts}):
        guard.spend.record([fact for fact in facts if fact.day == day])
        told += [(day, each) for each in guard.run(midnight(day), Book.BILLED).alerts]
    begun = [(day, each) for day, each in told if each.kind == "anomaly.detected"]
    in_february = [(day, each) for day, each in begun if day.month == 2]
    assert date(2024, 2, 11) <= in_february[0][0] <= date(2024, 2, 13)
    assert f"service={EC2}" in in_february[0][1].title
    assert len([each for day, each in in_february if day <= date(2024, 2, 20)]) == 1
    assert not [each for _, each in told if "Tax" in each.title]
    assert not [day for day, each in begun if day.day == 1]


@pytest.mark.parametrize("usd", [0.0, 25.0, -40.0])
def test_a_series_that_never_changes_is_not_told(guard: Guard, usd: float) -> None:
    for n in range(25):
        guard.state_day(MONDAY + n * DAY, {place("flat"): usd})
        assert guard.run(MONDAY + n * DAY).alerts == ()


def test_days_that_nobody_knows_are_no_fall_and_no_rise(guard: Guard) -> None:
    known = [n for n in range(45) if n not in (20, 33, 34)]
    assert live(guard, known) == []


def test_a_large_credit_in_the_ledger_is_a_fall_and_told_as_news_only(guard: Guard) -> None:
    live(guard, range(30))
    [alert] = live(guard, [30], {CHAT: -600})
    assert "less than expected" in alert.title
    assert alert.severity == "info"
