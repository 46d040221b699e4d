"""Series of the books: what was not known is not zero; what is no running cost is apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bursar.domain.books import Book
from bursar.domain.ledger.lines import CostCategory, Kind, Line, LineKey, Statement
from bursar.domain.money import Money
from bursar.domain.periods import DAY, HOUR, Period, Window
from bursar.domain.quality import Quality
from bursar.domain.scopes import Scope
from bursar.domain.series.amounts import Amounts
from bursar.domain.series.billed import billed_amounts
from bursar.domain.series.monthly_charges import monthly_charges
from bursar.domain.series.names import Grain, SeriesName, Unit
from bursar.domain.series.stated import stated_amounts
from bursar.domain.series.trend_points import TrendMetric, trend_points
from bursar.domain.spend import Metric, SpendFact
from bursar.domain.spend_forecast.month_end import month_end
from bursar.domain.usage.records import TokenCounts

FIRST = datetime(2026, 10, 12, tzinfo=UTC)
ONE = Money.of(1).units


def key(team: str, cluster: str = "prod", **more: str) -> LineKey:
    place = {"namespace": team} if cluster else {}
    return LineKey(team, CostCategory.CPU_COMPUTE, team=team, cluster=cluster, **(place | more))


def day(n: int, lines: Mapping[LineKey, int], missing: tuple[str, ...] = (), **more: object):
    window = Window(FIRST + n * DAY, FIRST + (n + 1) * DAY)
    told = {"quality": Quality.FINAL, "as_of": int(window.end.timestamp()) + 60, **more}
    kept = {each: Line(usd * ONE) for each, usd in lines.items()}
    return Statement(window, kept, missing=missing, **told)


def of(amounts: Amounts, scope: str, book: Book = Book.LEDGER) -> list[int | None]:
    """Whole dollars by period."""
    units = amounts.units[SeriesName(book, scope)]
    return [None if each is None else each // ONE for each in units]


def stated(*statements: Statement, per_dimension: int = 100, scopes=()) -> Amounts:
    return stated_amounts(
        statements, Grain.DAY, "acme", per_dimension=per_dimension, scopes=scopes
    )


def test_a_day_without_a_scope_costs_it_nothing_and_a_day_without_a_statement_is_unknown() -> None:
    a, b = key("a"), key("b")
    amounts = stated(day(0, {a: 9}), day(1, {a: 1}), day(2, {b: 2}), day(4, {a: 4, b: 5}))
    assert [at.day for at in amounts.beginnings] == [13, 14, 15, 16]  # the first is left out
    assert of(amounts, "team=a") == [1, 0, None, 4]
    assert of(amounts, "team=b") == [0, 2, None, 5]
    assert of(amounts, "org=acme") == [1, 2, None, 9]


def test_a_cluster_of_which_time_is_missing_makes_unknown_what_it_could_be_in() -> None:
    a, b = key("a"), key("b", "other")
    amounts = stated(day(0, {}), day(1, {a: 1, b: 2}), day(2, {a: 1, b: 2}, missing=("other",)))
    assert of(amounts, "cluster=prod") == [1, 1]
    assert of(amounts, "cluster=prod,namespace=a") == [1, 1]
    assert of(amounts, "cluster=other") == [2, None]
    assert of(amounts, "team=a") == [1, None]  # it may have been there too
    assert of(amounts, "org=acme") == [3, None]


def test_a_day_that_was_stated_before_it_was_over_is_unknown() -> None:
    soon = int((FIRST + 2 * DAY - HOUR).timestamp())
    amounts = stated(day(0, {}), day(1, {key("a"): 1}, as_of=soon), day(2, {key("a"): 2}))
    assert of(amounts, "team=a") == [None, 2]


def test_corrections_of_closed_months_stand_apart() -> None:
    plain, late = key("a"), key("a", adjusts="2026-09")
    amounts = stated(day(0, {}), day(1, {plain: 10, late: 70}))
    name = SeriesName(Book.LEDGER, "team=a")
    assert amounts.units[name] == (80 * ONE,)
    assert amounts.running(name) == (10 * ONE,)
    assert amounts.apart[name] == (70 * ONE,)


def test_beyond_the_cap_the_dearest_are_kept_and_the_others_are_one_sum() -> None:
    lines = {key(f"t{n}", cluster=""): n for n in range(1, 6)}
    amounts = stated(day(0, {}), day(1, lines), per_dimension=3)
    teams = {name.scope: of(amounts, name.scope) for name in amounts.units}
    assert teams["team=t5"], teams["team=t4"] == ([5], [4])
    assert teams["team=__others__"] == [6]  # 1 + 2 + 3
    assert "team=t3" not in teams
    assert teams["org=acme"] == [15]


def test_scopes_of_several_dimensions_are_series_where_they_are_asked_for() -> None:
    scope = Scope.parse("team=a,cluster=prod")
    amounts = stated(
        day(0, {}), day(1, {key("a"): 1, key("a", "other"): 2, key("b"): 4}), scopes=[scope]
    )
    assert of(amounts, str(scope)) == [1]


def test_hours_are_of_tokens_and_their_dollars_and_of_nothing_else() -> None:
    bought = LineKey("acme", CostCategory.EXTERNAL_API, model="m")
    hours = [
        Statement(
            Window(FIRST + n * HOUR, FIRST + (n + 1) * HOUR),
            {bought: Line(2 * ONE, tokens=TokenCounts(input=10 * n)), key("a"): Line(9 * ONE)},
            Quality.FINAL,
            int((FIRST + (n + 1) * HOUR).timestamp()),
        )
        for n in range(1, 4)
    ]
    amounts = stated_amounts(hours, Grain.HOUR, "acme", per_dimension=9)
    assert {name.scope for name in amounts.units} == {
        "org=acme",
        "tenant=acme",
        "model=m",
        "category=external_api",
    }
    assert amounts.units[SeriesName(Book.LEDGER, "model=m", Unit.TOKENS)] == (20, 30)
    assert amounts.units[SeriesName(Book.LEDGER, "model=m")] == (2 * ONE, 2 * ONE)


def test_without_statements_there_are_no_series() -> None:
    assert stated() == Amounts((), {})
    assert month_end(stated(), FIRST) == []


def test_a_fee_on_the_first_is_known_by_the_month_before_or_by_itself() -> None:
    days = [date(2026, 1, 30) + timedelta(days=n) for n in range(62)]  # to April 1
    amounts = [0] * 62
    for place, each in enumerate(days):
        if each.day == 1:
            amounts[place] = 50
    assert [days[n] for n, each in enumerate(monthly_charges(days, amounts)) if each] == [
        date(2026, 2, 1),
        date(2026, 3, 1),
        date(2026, 4, 1),
    ]


def test_beside_use_a_fee_is_known_only_once_it_has_come_again() -> None:
    days = [date(2026, 1, 15) + timedelta(days=n) for n in range(60)]
    amounts = [10 + (100 if each.day == 1 else 0) for each in days]
    assert [each for each in monthly_charges(days, amounts) if each] == [100]  # in March


def test_use_that_happens_to_begin_on_a_first_is_no_fee_for_long() -> None:
    days = [date(2026, 1, 20) + timedelta(days=n) for n in range(41)]  # to March 1
    amounts = [10 if each < date(2026, 2, 1) else 40 for each in days]
    assert sum(monthly_charges(days, amounts)) == 0


def facts(amounts: Mapping[str, list[int]], metric: Metric = Metric.UNBLENDED) -> list[SpendFact]:
    first = date(2026, 10, 30)
    return [
        SpendFact(
            account="1",
            metric=metric,
            day=first + timedelta(days=n),
            group=group,
            amount=Money.of(usd),
            estimated=True,
            as_of=FIRST,
        )
        for group, row in amounts.items()
        for n, usd in enumerate(row)
    ]


def billed(amounts: Mapping[str, list[int]], amortized: Mapping[str, list[int]] = {}) -> Amounts:
    spread = facts(amortized, Metric.NET_AMORTIZED)
    return billed_amounts(facts(amounts), "acme", per_dimension=99, amortized=spread)


def running(amounts: Amounts, scope: str) -> list[int]:
    known = amounts.running(SeriesName(Book.BILLED, scope))
    return [(each or 0) // ONE for each in known]


def test_charges_for_the_network_are_part_of_a_service_and_no_series_of_their_own() -> None:
    amounts = billed({"total": [10, 10], "service=EC2": [10, 10], "network=nat": [4, 4]})
    assert sorted(name.scope for name in amounts.units) == ["org=acme", "service=EC2"]


def test_tax_credits_and_support_are_apart_in_their_service_and_in_the_whole() -> None:
    amounts = billed(
        {
            "total": [10, 10, 25, 5],
            "service=EC2": [10, 10, 10, 5],
            "service=Tax": [0, 0, 15, 0],
            "type:Credit=EC2": [0, 0, 0, -5],
            "type:DiscountedUsage=EC2": [4, 4, 4, 4],
        }
    )
    assert running(amounts, "org=acme") == [10, 10, 10, 10]
    assert running(amounts, "service=EC2") == [10, 10, 10, 10]
    assert of(amounts, "org=acme", Book.BILLED) == [10, 10, 25, 5]
    assert SeriesName(Book.BILLED, "service=Tax") not in amounts.units


def test_what_is_amortized_over_other_days_is_a_purchase() -> None:
    amounts = billed(
        {"total": [10, 910, 10], "service=EC2": [10, 910, 10]},
        {"total": [12, 12, 12], "service=EC2": [12, 12, 12]},
    )
    assert running(amounts, "service=EC2") == [10, 12, 10]  # 898 belong to other days
    assert running(amounts, "org=acme") == [10, 12, 10]


def test_tax_carries_no_tag_and_is_the_only_accounts() -> None:
    amounts = billed(
        {
            "total": [10, 10, 25],
            "service=EC2": [10, 10, 10],
            "service=Tax": [0, 0, 15],
            "tag:team=__unallocated__": [4, 4, 19],
            "tag:team=search": [6, 6, 6],
            "account=1": [10, 10, 25],
        }
    )
    assert running(amounts, "tag:team=__unallocated__") == [4, 4, 4]
    assert running(amounts, "account=1") == [10, 10, 10]
    assert running(amounts, "tag:team=search") == [6, 6, 6]


def test_the_month_is_exact_so_far_and_foreseen_from_the_last_whole_day() -> None:
    days = [day(n, {key("a"): 70 if n % 7 < 5 else 35}) for n in range(31)]  # to November 11
    [*_, foreseen] = [
        each for each in month_end(stated(*days), FIRST) if each.series.scope == "team=a"
    ]
    assert (foreseen.day, foreseen.month) == (date(2026, 11, 11), "2026-11")
    # November 1 is a Sunday; 2 to 6 and 9 to 11 are weekdays
    assert foreseen.so_far == Money.of(35 + 5 * 70 + 2 * 35 + 3 * 70)
    outcome = foreseen.outcome
    assert outcome is not None
    # 12, 13, 16 to 20, 23 to 27 and 30 are 13 weekdays of 70; 6 days of weekends at 35
    assert abs(float((outcome.expected - foreseen.so_far).amount) - (13 * 70 + 6 * 35)) < 56  # 5%
    assert outcome.low95 <= outcome.low80 <= outcome.expected <= outcome.high80
    assert outcome.high80 <= outcome.high95
    assert len(foreseen.path) == 19


def test_too_little_history_says_so() -> None:
    [foreseen, *_] = month_end(stated(*(day(n, {key("a"): 1}) for n in range(14))), FIRST)
    assert (foreseen.history_days, foreseen.needed_days) == (13, 14)
    assert (foreseen.outcome, foreseen.path, foreseen.outlook) == (None, (), None)


def test_on_the_last_day_of_a_month_the_next_one_is_foreseen() -> None:
    [foreseen, *_] = month_end(stated(*(day(n, {key("a"): 10}) for n in range(20))), FIRST)
    assert (foreseen.day, foreseen.month) == (date(2026, 10, 31), "2026-11")
    assert foreseen.so_far == Money.zero()
    assert foreseen.outcome is not None
    assert foreseen.outcome.expected == Money.of(300)
    assert len(foreseen.path) == 30


def test_a_day_that_nobody_knows_is_in_the_outcome_and_not_in_what_was_spent() -> None:
    days = [day(n, {key("a"): 10}) for n in range(31) if n != 27]  # not November 8
    [foreseen, *_] = month_end(stated(*days), FIRST)
    assert (foreseen.unknown_days, foreseen.so_far) == (1, Money.of(100))
    assert foreseen.outcome is not None
    assert foreseen.outcome.expected == Money.of(300)


def test_what_is_apart_is_charged_and_not_extended() -> None:
    late = key("a", adjusts="2026-09")
    days = [day(n, {key("a"): 10} | ({late: 500} if n == 30 else {})) for n in range(31)]
    [foreseen, *_] = [e for e in month_end(stated(*days), FIRST) if e.series.scope == "team=a"]
    assert (foreseen.so_far, foreseen.apart) == (Money.of(610), Money.of(500))
    assert foreseen.outcome is not None
    assert foreseen.outcome.expected == Money.of(800)  # 500 + 30 days of 10


@pytest.mark.parametrize("costs", [[0] * 30, [-5] * 30, [7] + [0] * 29, [10**12] + [1] * 29])
def test_odd_series_are_foreseen_in_order(costs: list[int]) -> None:
    for each in month_end(
        stated(*(day(n, {key("a"): usd}) for n, usd in enumerate(costs))), FIRST
    ):
        assert each.outcome is not None
        outcome = each.outcome
        assert outcome.low95 <= outcome.low80 <= outcome.expected
        assert outcome.expected <= outcome.high80 <= outcome.high95


def test_a_trend_is_of_whole_weeks_that_are_wholly_known() -> None:
    days = [day(n, {key("a"): n // 7 + 1}) for n in range(31) if n != 10]  # from a Monday on
    points = trend_points(days, TrendMetric.COST, Period.WEEK, FIRST + 31 * DAY)
    assert [(each.at, each.value) for each in points] == [
        (FIRST, 7.0),
        (FIRST + 14 * DAY, 21.0),  # the second week has a gap
        (FIRST + 21 * DAY, 28.0),
    ]
    none = trend_points(days, TrendMetric.USD_PER_REQUEST, Period.WEEK, FIRST + 31 * DAY)
    assert none == []


def test_a_trend_by_month_has_late_usage_in_its_month_and_one_by_day_in_none() -> None:
    """3 of October are told on 2 November, which itself cost 1."""
    from_october = range(-11, 50)  # 1 October to 30 November
    costs = {n: {key("a"): 1} for n in from_october}
    costs[21] |= {key("a", adjusts="2026-10"): 3}
    days = [day(n, costs[n]) for n in from_october]
    months = trend_points(days, TrendMetric.COST, Period.MONTH, FIRST + 50 * DAY)
    assert [each.value for each in months] == [34.0, 30.0]  # 31 + 3, and 30
    of_days = trend_points(days, TrendMetric.COST, Period.DAY, FIRST + 50 * DAY)
    assert {each.value for each in of_days} == {1.0}


def test_a_trend_of_a_rate_is_of_serving_with_a_price_alone() -> None:
    served = LineKey("a", CostCategory.GPU_COMPUTE, model="llama")
    lines = {
        served: Line(6 * 10**12, 5, TokenCounts(input=2_000_000), unpriced_requests=2),
        served._replace(category=CostCategory.TRAINING): Line(70 * 10**12),
        served._replace(tenant="__idle__", kind=Kind.IDLE): Line(9 * 10**12),
    }
    days = [replace(day(n, {}), lines=lines) for n in range(7)]
    for metric, usd in (
        (TrendMetric.USD_PER_MILLION_TOKENS, 3.0),  # 6 for 2 million
        (TrendMetric.USD_PER_REQUEST, 2.0),  # 6 for 3
    ):
        [point] = trend_points(days, metric, Period.WEEK, FIRST + 7 * DAY)
        assert point.value == pytest.approx(usd)
