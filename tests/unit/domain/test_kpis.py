"""KPIs: ratios of what is known, their status against targets, and the score."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import pytest

from bursar.config.kpis import Kpis
from bursar.domain.cluster.use import ClusterUse, GpuUse
from bursar.domain.kpi_targets import Kpi, Status, Target, TargetError
from bursar.domain.kpis import (
    GpuHours,
    MonthFigures,
    assess,
    efficiency_score,
    gpu_hours,
    kpi_values,
    month_figures,
)
from bursar.domain.ledger.lines import IDLE, NO_TOKENS, CostCategory, Kind, Line, LineKey
from bursar.domain.money import Money
from bursar.domain.trends import Direction
from bursar.domain.usage.records import TokenCounts
from tests.unit.domain.sample_statements import bought, november, pods

HOUR = datetime(2026, 11, 20, 13, tzinfo=UTC)


def gpu(pod: str, busy: float | None, seconds: float = 3600, name: str = "GPU-1") -> GpuUse:
    return GpuUse(
        gpu=name,
        gpu_model="L4",
        node="n1",
        namespace="serving" if pod else "",
        pod=pod,
        known_seconds=seconds,
        busy=busy,
        idle=None,
        tensor=None,
        memory_mean_gib=None,
        memory_peak_gib=None,
        memory_total_gib=None,
    )


def used(*gpus: GpuUse) -> GpuHours:
    return gpu_hours([ClusterUse(cluster="prod", hour=HOUR, gpus=gpus)])


def test_each_kpi_is_a_ratio_of_the_months_sums() -> None:
    figures = month_figures(
        "2026-11",
        [november(bought("acme", "6", tokens=(2_500, 500), requests=12), pods("__idle__", "4"))],
        user_actions=20,
        active_users=5,
        gpu=GpuHours(paid=10, used=8, busy=6),
        gpu_usd=Money.of("25"),
        label_coverage=Fraction(3, 4),
    )
    assert kpi_values(figures) == {
        Kpi.COST_PER_REQUEST: 0.5,  # 6 / 12: what has usage
        Kpi.COST_PER_1K_TOKENS: 2.0,  # 6 / 3
        Kpi.COST_PER_USER_ACTION: 0.5,  # 10 / 20: everything
        Kpi.COST_PER_ACTIVE_USER: 2.0,  # 10 / 5
        Kpi.GPU_EFFICIENCY: 0.6,  # 8/10 x 6/8
        Kpi.USD_PER_GPU_HOUR: 2.5,  # 25 / 10
        Kpi.LABEL_COVERAGE: 0.75,
    }


def test_a_month_of_which_nothing_has_a_price_costs_its_users_nothing_that_is_known() -> None:
    key = LineKey("acme", CostCategory.EXTERNAL_API, model="new")
    lines = {key: Line(0, 1, unpriced=TokenCounts(input=900), unpriced_requests=1)}
    told = {"user_actions": 20, "active_users": 5}
    found = kpi_values(month_figures("2026-11", [november(lines)], **told))
    assert (found[Kpi.COST_PER_USER_ACTION], found[Kpi.COST_PER_ACTIVE_USER]) == (None, None)
    found = kpi_values(month_figures("2026-11", [november(lines, pods("acme", "10"))], **told))
    assert found[Kpi.COST_PER_ACTIVE_USER] == 2.0  # 10 / 5, of what is known
    found = kpi_values(month_figures("2026-11", [november()], **told))
    assert found[Kpi.COST_PER_ACTIVE_USER] == 0.0  # stated, and nothing was used


def test_a_request_costs_the_gpu_cpu_and_memory_of_the_model_that_served_it() -> None:
    key = {"model": "llama", "cluster": "prod"}
    served = Line(Money.of("6").units, 10, TokenCounts(input=3_000, output=1_000))
    lines = {
        LineKey("acme", CostCategory.GPU_COMPUTE, **key): served,
        LineKey("acme", CostCategory.CPU_COMPUTE, **key): Line(Money.of("1.5").units),
        LineKey("acme", CostCategory.MEMORY, **key): Line(Money.of("0.5").units),
        LineKey("acme", CostCategory.TRAINING, **key): Line(Money.of("70").units),
        LineKey(IDLE, CostCategory.GPU_COMPUTE, kind=Kind.IDLE, **key): Line(Money.of(9).units),
    }
    found = kpi_values(month_figures("2026-11", [november(lines)]))
    assert found[Kpi.COST_PER_REQUEST] == 0.8  # 6 + 1.5 + 0.5, for 10
    assert found[Kpi.COST_PER_1K_TOKENS] == 2.0  # 8 for 4 thousand


def test_what_has_no_price_is_not_free_but_left_out_and_counted() -> None:
    unpriced = LineKey("acme", CostCategory.EXTERNAL_API, model="new")
    lines = {unpriced: Line(0, 1, NO_TOKENS, TokenCounts(input=900), 1)}
    figures = month_figures("2026-11", [november(bought("acme", "5.3625"), lines)])
    assert kpi_values(figures)[Kpi.COST_PER_REQUEST] == 5.3625  # not half of it
    assert kpi_values(figures)[Kpi.COST_PER_1K_TOKENS] == 5.3625  # 900 + 100 tokens
    assert (figures.serving.unpriced_requests, figures.serving.unpriced.total) == (1, 900)


def test_no_requests_users_or_gpus_are_no_data_and_not_zero() -> None:
    [*found] = assess([month_figures("2026-11", [november(pods("acme", "4"))])], {})
    assert {each.value for each in found} == {None}
    assert {each.status for each in found} == {Status.NO_DATA}
    assert {each.trend.direction for each in found} == {Direction.INSUFFICIENT_DATA}
    assert efficiency_score(found) is None


def test_corrections_of_a_closed_month_are_not_this_months_cost() -> None:
    lines = (bought("acme", "6", requests=3), bought("acme", "99", requests=1, adjusts="2026-10"))
    assert month_figures("2026-11", [november(*lines)]).usd == Money.of("6")


def test_what_was_told_of_a_month_after_its_close_is_in_its_unit_costs() -> None:
    """October: 6 for 3 requests, and in November 4 for 2 more, and 5 more for its pods."""
    months = [
        november(bought("acme", "6", requests=3), month="2026-10"),
        november(
            bought("acme", "99", requests=1),
            bought("acme", "4", tokens=(1_800, 200), requests=2, adjusts="2026-10"),
            pods("acme", "5", adjusts="2026-10"),
        ),
    ]
    october, own = (month_figures(month, months) for month in ("2026-10", "2026-11"))
    assert (october.usd, own.usd) == (Money.of("15"), Money.of("99"))
    assert kpi_values(october)[Kpi.COST_PER_REQUEST] == 2.0  # 10 / 5
    assert kpi_values(october)[Kpi.COST_PER_1K_TOKENS] == pytest.approx(10 / 3)
    september = month_figures("2026-09", months, unstated_hours=720)
    assert september.usd is None  # nothing was stated of it, at no time


def test_a_month_of_which_nothing_was_stated_has_no_cost_whatever_was_told_of_it_late() -> None:
    late = november(bought("acme", "1", requests=1, adjusts="2026-10"))
    assert month_figures("2026-10", [late], unstated_hours=744).usd is None


def test_late_tokens_of_a_self_hosted_model_are_among_those_that_its_pods_served() -> None:
    """October's pods cost 8; of their 1,000 tokens 600 were told after its close. Those of a
    model without pods in that month divide nothing."""
    llama = LineKey("acme", CostCategory.GPU_COMPUTE, model="llama")
    late = {"charged_before_requests": 6, "requests": 6}
    tokens = TokenCounts(input=600)
    told = {
        llama._replace(adjusts="2026-10"): Line(charged_before=tokens, **late),
        llama._replace(model="qwen", adjusts="2026-10"): Line(charged_before=tokens, **late),
    }
    pods_of = {llama._replace(cluster="prod"): Line(Money.of(8).units, 4, TokenCounts(input=400))}
    months = [november(pods_of, month="2026-10"), november(told)]
    found = month_figures("2026-10", months)
    assert kpi_values(found)[Kpi.COST_PER_1K_TOKENS] == 8.0  # 8 / 1,000
    assert kpi_values(found)[Kpi.COST_PER_REQUEST] == 0.8  # 8 / (4 + 6)
    assert (found.serving.charged_before.total, found.serving.requests) == (600, 16)


@pytest.mark.parametrize(
    ("value", "score", "status"),
    [
        (1.0, 100, Status.GOOD),
        (2.0, 100, Status.GOOD),
        (2.5, 75, Status.WARNING),  # half way from 2 to 3
        (3.0, 50, Status.BAD),
        (3.5, 25, Status.BAD),
        (9.0, 0, Status.BAD),
    ],
)
def test_a_score_falls_from_the_target_through_the_warning_to_zero(
    value: float, score: float, status: Status
) -> None:
    target = Target(Kpi.COST_PER_REQUEST, 2.0, 3.0)
    assert (target.score(value), target.status(value)) == (score, status)


def test_of_efficiency_more_is_better() -> None:
    target = Target(Kpi.GPU_EFFICIENCY, 0.75, 0.5)
    assert [target.score(value) for value in (0.9, 0.75, 0.625, 0.5, 0.25)] == [
        100,
        100,
        75,
        50,
        0,
    ]


def test_a_warning_that_is_no_worse_than_the_target_is_refused() -> None:
    with pytest.raises(TargetError):
        Target(Kpi.COST_PER_REQUEST, 2.0, 2.0)
    with pytest.raises(ValueError, match="worse than the target"):
        Kpis.model_validate({"targets": {"gpu_efficiency": {"target": 0.5, "warning": 0.6}}})


@pytest.mark.parametrize(
    ("activity", "told"),
    [
        ({"revenue_usd": "-5"}, "revenue_usd\n.*is below zero"),
        ({"user_actions": True}, "user_actions\n.*valid integer"),
        ({"active_users": "12"}, "active_users\n.*valid integer"),
        ({"active_users": -1}, "active_users\n.*greater than or equal to 0"),
    ],
)
def test_an_activity_that_cannot_be_counted_is_refused(activity, told: str) -> None:
    service = {"name": "chat", "scope": "feature=chat", "months": {"2026-11": activity}}
    with pytest.raises(ValueError, match=told):
        Kpis.model_validate({"services": [service]})


def test_the_efficiency_score_is_the_mean_of_what_has_value_and_target() -> None:
    targets = {
        Kpi.COST_PER_REQUEST: Target(Kpi.COST_PER_REQUEST, 2.0, 3.0),
        Kpi.GPU_EFFICIENCY: Target(Kpi.GPU_EFFICIENCY, 0.75, 0.5),
        Kpi.COST_PER_ACTIVE_USER: Target(Kpi.COST_PER_ACTIVE_USER, 1.0, 2.0),
    }
    figures = MonthFigures(
        "2026-11",
        Money.of("50"),
        serving=Line(Money.of("50").units, requests=20),
        gpu=GpuHours(paid=4, used=4, busy=2),
    )
    assert efficiency_score(assess([figures], targets)) == 62.5  # (75 for 2.5 + 50 for 0.5) / 2


def test_a_month_that_is_not_over_is_shown_and_in_no_trend() -> None:
    months = [
        MonthFigures(f"2026-{n:02}", Money.of(n), Line(Money.of(n).units, requests=1))
        for n in range(1, 7)
    ]
    months.append(MonthFigures("2026-07", Money.of(1), Line(Money.of(1).units, requests=10)))
    found = {each.kpi: each for each in assess(months, {}, partial=True)}[Kpi.COST_PER_REQUEST]
    assert (found.value, found.trend.points, found.trend.slope) == (0.1, 6, 1.0)
    assert found.trend.direction is Direction.INCREASING


def test_a_partly_stated_month_is_divided_by_no_users_and_in_no_trend() -> None:
    stated = [
        MonthFigures(f"2026-{n:02}", Money.of(n), Line(Money.of(n).units, requests=1), 4, 2)
        for n in (8, 9)
    ]
    part, whole = replace(stated[0], unstated_hours=552), stated[1]
    values = kpi_values(part)
    assert (values[Kpi.COST_PER_USER_ACTION], values[Kpi.COST_PER_ACTIVE_USER]) == (None, None)
    assert values[Kpi.COST_PER_REQUEST] == 8.0  # cost and request of the same hours
    found = {each.kpi: each for each in assess([part, whole], {})}
    assert found[Kpi.COST_PER_ACTIVE_USER].value == 4.5  # 9 / 2
    assert found[Kpi.COST_PER_REQUEST].trend.points == 1
    assert month_figures("2026-05", [], active_users=2).usd is None  # nothing stated, and not free


def test_gpu_hours_count_what_is_paid_used_and_busy() -> None:
    # half an hour busy at 80% with a pod, half an hour with none
    assert used(gpu("a", 0.8, 1800), gpu("", None, 1800)) == GpuHours(1.0, 0.5, 0.4)


def test_a_gpu_cut_into_instances_is_one_gpu() -> None:
    halves = (gpu("a", 1.0, name="GPU-1/3"), gpu("", None, name="GPU-1/4"))
    assert used(*halves) == GpuHours(1.0, 0.5, 0.5)


def test_a_gpu_whose_work_is_not_measured_is_not_counted_as_idle() -> None:
    assert used(gpu("a", None)) == GpuHours()
    assert GpuHours().efficiency is None
