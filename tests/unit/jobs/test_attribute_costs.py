"""Stating hours: again and again the same, late costs included, closed months left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bursar.adapters.memory.costs import MemoryCostHistory
from bursar.adapters.memory.statements import MemoryStatementStore
from bursar.domain.cluster.bases import Basis
from bursar.domain.cluster.hours import Category, HourCosts, RowKey
from bursar.domain.cluster.use import ClusterUse, NamespaceTraffic, ServedModel
from bursar.domain.ledger.lines import Line, Statement
from bursar.domain.ledger.months import MonthState
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, Window, hour_of
from bursar.domain.quality import Quality
from bursar.domain.usage.records import TokenCounts
from bursar.jobs.attribute_costs import HoursNotRestatedError
from tests.unit.domain.attribution.sample_hour import policy
from tests.unit.jobs.stating_guard import NOON, NOW, OCTOBER, Guard


@pytest.fixture
def guard() -> Guard:
    return Guard()


def test_an_hour_is_stated_with_its_usage_and_its_clusters(guard: Guard) -> None:
    guard.buy("3")
    guard.serve("bolt", TokenCounts(input=10))
    guard.run_pods("8")
    guard.state()
    [hour] = guard.statements.hours(NOW)
    paid = {(key.tenant, key.model): line.usd.plain() for key, line in hour.lines.items()}
    assert paid == {("acme", "gpt"): "3", ("bolt", "llama"): "8"}
    assert (hour.quality, hour.as_of, hour.missing) == (Quality.FINAL, 7, ())


def test_stating_an_hour_again_gives_the_same(guard: Guard) -> None:
    guard.buy("3")
    guard.run_pods("8")
    assert guard.state() == guard.state()
    assert guard.total(NOW) == Money.of(11)


def test_a_cluster_without_a_closed_hour_is_missing_and_not_zero(guard: Guard) -> None:
    guard.buy("3")
    stated = guard.state().statement
    assert stated is not None
    assert (stated.quality, stated.missing) == (Quality.ESTIMATED, ("prod",))


def test_what_servers_measured_weighs_their_tokens(guard: Guard) -> None:
    guard.run_pods("8")
    guard.serve("reader", TokenCounts(input=900))
    guard.serve("writer", TokenCounts(output=100))
    served = ServedModel(
        namespace="serving",
        model="llama",
        requests=2,
        tokens=TokenCounts(input=900, output=100),
        prefill_seconds=90.0,
        decode_seconds=270.0,
    )
    guard.use.put(ClusterUse(cluster="prod", hour=NOON, served=(served,)))
    stated = guard.state().statement
    assert stated is not None
    # 90 s of prompts and 270 s of answers
    assert {key.tenant: line.usd.plain() for key, line in stated.lines.items()} == {
        "reader": "2",
        "writer": "6",
    }


def partly_counted(model: str, requests: int, tokens: TokenCounts) -> ServedModel:
    """What bolt was served while nobody scraped it is not known."""
    return ServedModel(
        namespace="bolt",
        model=model,
        requests=requests,
        tokens=tokens,
        prefill_seconds=0.0,
        decode_seconds=0.0,
        complete=False,
    )


@pytest.mark.parametrize("told_as", ["llama", "meta/llama-3"])
def test_an_hour_whose_tokens_were_not_all_counted_is_an_estimate(
    guard: Guard, told_as: str
) -> None:
    guard.policy = policy(self_hosted={"models": {"meta/llama-3": "llama"}})
    guard.run_pods("10")
    guard.serve("acme", TokenCounts(input=1100))
    guard.serve("bolt", TokenCounts(input=110))
    lost = partly_counted(told_as, 1, TokenCounts(input=110))
    whole = lost.model_copy(update={"complete": True})
    stated = []
    for each in (whole, lost):
        guard.use.put(ClusterUse(cluster="prod", hour=NOON, served=(each,)))
        guard.state()
        stated += guard.statements.hours(NOW)
    assert [hour.quality for hour in stated] == [Quality.FINAL, Quality.ESTIMATED]
    # the same $10 of what was counted, and no time of the cluster is missing
    assert stated[1] == replace(stated[0], quality=Quality.ESTIMATED)


def test_an_idle_hour_of_a_model_that_was_not_all_counted_is_an_estimate(guard: Guard) -> None:
    guard.run_pods("10")
    lost = partly_counted("llama", 0, TokenCounts())
    guard.use.put(ClusterUse(cluster="prod", hour=NOON, served=(lost,)))
    guard.state()
    [hour] = guard.statements.hours(NOW)
    assert {key.tenant: line.usd.plain() for key, line in hour.lines.items()} == {"__idle__": "10"}
    assert hour.quality is Quality.ESTIMATED


@pytest.mark.parametrize(
    ("since", "quality"),
    [(NOON, Quality.ESTIMATED), (NOON + HOUR, Quality.FINAL), (None, Quality.FINAL)],
)
def test_an_hour_is_an_estimate_once_a_later_one_tells_that_counters_were_out_of_sight(
    guard: Guard, since: datetime | None, quality: Quality
) -> None:
    guard.run_pods("10")
    guard.serve("acme", TokenCounts(input=400))
    guard.state()
    assert [hour.quality for hour in guard.statements.hours(NOW)] == [Quality.FINAL]
    lost = partly_counted("llama", 1, TokenCounts(input=490))
    later = lost.model_copy(update={"unseen_from": since})
    guard.use.put(ClusterUse(cluster="prod", hour=NOON + 2 * HOUR, served=(later,)))
    guard.ledger.touch(NOON, "not all was counted")
    guard.state(Window(NOON + HOUR, NOON + 2 * HOUR))
    assert [hour.quality for hour in guard.statements.hours(NOW)] == [quality]


def test_what_was_not_counted_of_another_model_leaves_an_hour_final(guard: Guard) -> None:
    guard.run_pods("10")
    guard.serve("acme", TokenCounts(input=1100))
    lost = partly_counted("qwen", 0, TokenCounts())
    guard.use.put(ClusterUse(cluster="prod", hour=NOON, served=(lost,)))
    guard.state()
    [hour] = guard.statements.hours(NOW)
    assert hour.quality is Quality.FINAL


def test_measured_bytes_give_the_network_row_to_namespaces(guard: Guard) -> None:
    rows = {RowKey("__network__"): {Category.NETWORK: Money.of(4)}}
    guard.history.put_hour(HourCosts("prod", NOW, Quality.FINAL, 3600, Basis.RESIDUAL, rows))
    sent = [NamespaceTraffic(namespace=name, sent_bytes=n) for name, n in (("a", 300), ("b", 100))]
    before = guard.state().statement
    guard.use.put(ClusterUse(cluster="prod", hour=NOON, traffic=tuple(sent)))
    after = guard.state().statement
    assert before is not None
    assert after is not None
    assert {key.namespace: line.usd.plain() for key, line in before.lines.items()} == {
        "__network__": "4"
    }
    assert {key.namespace: line.usd.plain() for key, line in after.lines.items()} == {
        "a": "3",
        "b": "1",
    }


def test_an_hour_that_late_usage_touched_is_stated_anew_once(guard: Guard) -> None:
    early = Window(NOON - 5 * HOUR, NOON - 4 * HOUR)
    guard.run_pods("1", early)
    guard.state(early)
    guard.buy("2", early)
    assert guard.state().restated == (early,)
    assert guard.total(early) == Money.of(3)
    assert guard.state().restated == ()


def test_an_hour_that_is_not_over_waits_with_its_mark(guard: Guard) -> None:
    later = Window(NOW.end, NOW.end + HOUR)
    guard.buy("2", later)
    assert guard.state().restated == ()
    assert guard.waiting == [later.start]


def test_a_closed_month_stays_and_the_difference_is_stated_now(guard: Guard) -> None:
    guard.run_pods("8", OCTOBER)
    guard.state(OCTOBER)
    guard.close("2026-10")
    guard.run_pods("9.5", OCTOBER)  # closed again, with what joined late
    guard.ledger.touch(OCTOBER.start, "late machine")
    stated = guard.state()
    assert stated.adjusted == (OCTOBER,)
    assert guard.total(OCTOBER) == Money.of(8)
    [now] = guard.statements.hours(NOW)
    assert {(key.adjusts, line.usd.plain()) for key, line in now.lines.items()} == {
        ("2026-10", "1.5")
    }


def test_every_later_change_of_a_closed_month_is_stated_once(guard: Guard) -> None:
    guard.run_pods("8", OCTOBER)
    guard.state(OCTOBER)
    guard.close("2026-10")
    hours = [Window(NOON + n * HOUR, NOON + (n + 1) * HOUR) for n in range(3)]
    for hour, usd in zip(hours, ("10", "9", "9"), strict=True):
        guard.run_pods(usd, OCTOBER)
        guard.ledger.touch(OCTOBER.start, usd)
        guard.state(hour)
        guard.ledger.touch(OCTOBER.start, f"{usd} again")
        guard.state(hour)  # the same run, twice
    # 8, then 10, then 9, and 9 again
    assert [guard.total(hour).plain() for hour in hours] == ["2", "-1", "0"]


def test_an_adjusting_hour_that_is_touched_keeps_its_adjustments(guard: Guard) -> None:
    guard.run_pods("8", OCTOBER)
    guard.state(OCTOBER)
    guard.close("2026-10")
    guard.run_pods("9", OCTOBER)
    guard.ledger.touch(OCTOBER.start, "late")
    guard.state()
    guard.buy("5")
    guard.state(Window(NOW.end, NOW.end + HOUR))
    assert guard.total(NOW) == Money.of(6)


def test_an_adjustment_that_a_closed_hour_states_stays_when_that_hour_is_adjusted_itself(
    guard: Guard,
) -> None:
    september, october, november = (
        hour_of(datetime(2026, month, 10, 12, tzinfo=UTC)) for month in (9, 10, 11)
    )
    guard.run_pods("8", september)
    guard.state(september)
    guard.close("2026-09")
    guard.run_pods("10", september)
    guard.ledger.touch(september.start, "late machine")
    guard.run_pods("1", october)
    guard.state(october)  # 1, and 2 that September lacked
    guard.close("2026-10")
    guard.run_pods("1.5", october)
    guard.ledger.touch(october.start, "late machine")
    guard.state(november)
    [now] = guard.statements.hours(november)
    assert {(key.adjusts, line.usd.plain()) for key, line in now.lines.items()} == {
        ("2026-10", "0.5")
    }
    hours = (september, october, november)
    assert Money.sum(map(guard.total, hours)) == Money.of("11.5")  # 10 + 1.5


def test_hours_of_a_frozen_month_wait(guard: Guard) -> None:
    guard.buy("1", OCTOBER)
    guard.ledger.turn("2026-10", MonthState.FROZEN)
    assert guard.state().restated == ()
    assert guard.statements.hours(OCTOBER) == []
    assert guard.state(OCTOBER).statement is None
    guard.ledger.turn("2026-10", MonthState.OPEN)
    assert guard.state().restated == (OCTOBER,)


def test_late_usage_of_an_hour_whose_costs_have_expired_is_stated_beside_them(
    guard: Guard,
) -> None:
    guard.run_pods("8", OCTOBER)
    guard.serve("bolt", TokenCounts(input=10), OCTOBER)
    guard.buy("1", OCTOBER)
    guard.state(OCTOBER)
    guard.history = MemoryCostHistory()
    guard.buy("2", OCTOBER)
    guard.serve("acme", TokenCounts(input=90), OCTOBER)
    guard.buy("3")
    assert guard.state().restated == (OCTOBER,)
    # 8 and 1 as before, and 2; the pods were charged to those whose tokens were known then
    assert (guard.total(OCTOBER), guard.total(NOW)) == (Money.of(11), Money.of(3))
    assert guard.waiting == []
    [hour] = guard.statements.hours(OCTOBER)
    found = {(key.tenant, key.model): line for key, line in hour.lines.items()}
    assert found["acme", "llama"] == Line(
        requests=1, charged_before=TokenCounts(input=90), charged_before_requests=1
    )
    assert (found["bolt", "llama"].usd, found["acme", "gpt"].requests) == (Money.of(8), 2)
    guard.ledger.touch(OCTOBER.start, "again")
    guard.state()
    assert guard.statements.hours(OCTOBER) == [hour]


def test_late_usage_of_an_expired_hour_of_a_closed_month_is_stated_now(guard: Guard) -> None:
    guard.run_pods("8", OCTOBER)
    guard.state(OCTOBER)
    guard.buy("2", OCTOBER)  # and the month closes before it was stated
    guard.close("2026-10")
    guard.history = MemoryCostHistory()
    assert guard.state().adjusted == (OCTOBER,)
    assert (guard.total(OCTOBER), guard.total(NOW)) == (Money.of(8), Money.of(2))


def test_an_hour_that_cannot_be_stated_again_holds_up_no_other(guard: Guard) -> None:
    class Refusing(MemoryStatementStore):
        def put_hour(self, statement: Statement) -> None:
            if statement.window == OCTOBER:
                raise ValueError("too large")
            super().put_hour(statement)

    guard.statements = Refusing()
    late = Window(NOON - HOUR, NOON)
    guard.buy("1", OCTOBER)
    guard.buy("2", late)
    guard.buy("3")
    with pytest.raises(HoursNotRestatedError, match=r"2026-10-31T23: ValueError\('too large'\)"):
        guard.state()
    assert (guard.total(late), guard.total(NOW)) == (Money.of(2), Money.of(3))
    [waiting] = guard.ledger.touched()
    assert (waiting.hour, waiting.failed) == (OCTOBER.start, "ValueError: too large")
    guard.statements = MemoryStatementStore()
    guard.state()
    assert guard.waiting == []
