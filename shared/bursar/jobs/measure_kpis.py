"""KPIs and unit economics of months, from the ledger, the clusters and what a person told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bursar.config.kpis import Activity, Kpis
from bursar.domain.attribution.dry_run import DEFAULT_OWNER_LABELS, label_coverage
from bursar.domain.kpis import (
    GpuHours,
    KpiResult,
    MonthFigures,
    assess,
    efficiency_score,
    gpu_hours,
    month_figures,
)
from bursar.domain.ledger.lines import Statement
from bursar.domain.ledger.months import hours_in, month_name
from bursar.domain.ledger.whole_months import corrections_alone
from bursar.domain.money import Money
from bursar.domain.periods import Window, month_window
from bursar.domain.quality import Quality
from bursar.domain.trends import Trend
from bursar.domain.unit_economics import ServiceMonth, service_month, service_trends
from bursar.jobs.read_statements import unstated_by
from bursar.ports import ClusterUseStore, CostHistory, StatementStore

_NOTHING = Activity()


@dataclass(frozen=True, slots=True)
class ServiceEconomics:
    name: str
    months: tuple[ServiceMonth, ...]
    trends: dict[str, Trend]


@dataclass(frozen=True, slots=True)
class MeasuredKpis:
    """Months oldest first; the results and the score are of the last. Trends leave out a month
    that is not over (`partial`), whose users and revenue nobody knows yet, and those of which
    hours that are over were not stated."""

    months: tuple[str, ...]
    figures: tuple[MonthFigures, ...]
    partial: bool
    results: tuple[KpiResult, ...]
    score: float | None
    services: tuple[ServiceEconomics, ...]


def measure_kpis(
    months: Sequence[str],
    at: datetime,
    told: Kpis,
    *,
    clusters: Sequence[str],
    statements: StatementStore,
    history: CostHistory,
    use: ClusterUseStore,
    owner_labels: Sequence[str] = DEFAULT_OWNER_LABELS,
) -> MeasuredKpis:
    """Measure each month (`2026-11`, oldest first) as far as it has come at `at`.

    Months that have not begun are left out: only the last can be one that is not over. What was
    told of a month after it was closed is the month's: days are read up to `at`.
    """
    months = [each for each in months if month_window(each).start <= at]
    days, late = _days(months, at, statements)
    figures: list[MonthFigures] = []
    services: dict[str, list[ServiceMonth]] = {each.name: [] for each in told.services}
    for month in months:
        window = month_window(month)
        told_of = [*days[month], *late]
        unstated = hours_in(unstated_by(window, at, statements))
        activity = told.months.get(month, _NOTHING)
        hours, usd = _gpu(clusters, window, history, use)
        costs = (each for name in clusters for each in history.days(name, window))
        figures.append(
            month_figures(
                month,
                told_of,
                user_actions=activity.user_actions,
                active_users=activity.active_users,
                gpu=hours,
                gpu_usd=usd,
                label_coverage=label_coverage(costs, owner_labels),
                unstated_hours=unstated,
            )
        )
        for each in told.services:
            own = each.months.get(month, _NOTHING)
            services[each.name].append(
                service_month(
                    month,
                    each.scope,
                    told_of,
                    users=own.active_users,
                    revenue=own.revenue_usd,
                    unstated_hours=unstated,
                )
            )
    partial = bool(months) and at < month_window(months[-1]).end
    results = tuple(assess(figures, told.goals(), partial=partial))
    return MeasuredKpis(
        months=tuple(months),
        figures=tuple(figures),
        partial=partial,
        results=results,
        score=efficiency_score(results),
        services=tuple(
            ServiceEconomics(name, tuple(of), service_trends(of[:-1] if partial else of))
            for name, of in services.items()
        ),
    )


def _days(
    months: Sequence[str], at: datetime, statements: StatementStore
) -> tuple[dict[str, list[Statement]], list[Statement]]:
    """The stated days of each month, and the corrections of closed months that were stated since
    the first of them began."""
    days: dict[str, list[Statement]] = {month: [] for month in months}
    if not months:
        return days, []
    first, last = month_window(min(months)), month_window(max(months))
    stated = statements.days(Window(first.start, max(at, last.end)))
    for day in stated:
        if (month := month_name(day.window.start)) in days:
            days[month].append(day)
    return days, corrections_alone(stated)


def _gpu(
    clusters: Sequence[str], window: Window, history: CostHistory, use: ClusterUseStore
) -> tuple[GpuHours, Money]:
    """GPU hours that were seen, and what their clusters cost in the same hours, idle and all.

    Hours whose cost or use is unknown are in neither.
    """
    seen = []
    usd = Money.zero()
    for cluster in clusters:
        uses = {each.hour: each for each in use.between(cluster, window) if each.gpus}
        if not uses:
            continue
        for costs in history.hours(cluster, window):
            if costs.window.start in uses and costs.quality is not Quality.UNKNOWN:
                seen.append(uses[costs.window.start])
                usd += costs.total
    return gpu_hours(seen), usd
