"""Budgets as the report shows them, and the one limit that the whole month is held against."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from pydantic import AwareDatetime

from bursar.domain.alerts import Severity
from bursar.domain.books import Book
from bursar.domain.budgets import Budget, BudgetState, Threshold, ThresholdBasis
from bursar.domain.cost_report.parts import Frozen
from bursar.domain.figures import Figures
from bursar.domain.money import Money
from bursar.domain.periods import Period, Window
from bursar.domain.quality import Quality, worst
from bursar.domain.scopes import Dimension


@dataclass(frozen=True, slots=True)
class BudgetReading:
    """A budget with its current window; no figures when nobody has seen its scope."""

    budget: Budget
    window: Window
    figures: Figures | None
    state: BudgetState | None = None


class Standing(StrEnum):
    """How a budget stands, worst first."""

    EXCEEDED = "exceeded"
    WARNED = "warned"
    AT_RISK = "at_risk"  # no threshold was passed, but the run rate leads beyond the limit
    UNKNOWN = "unknown"
    WITHIN = "within"


class ThresholdLine(Frozen):
    percent: int
    basis: ThresholdBasis
    severity: Severity
    amount: Money
    passed: bool
    told: bool


class BudgetLine(Frozen):
    """One budget. `spent` is None, never zero, when nothing of its scope was seen."""

    id: str
    scope: str
    period: Period
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    time_zone: str
    book: Book
    owner: str
    link: str | None
    limit: Money
    spent: Money | None
    projected: Money | None
    elapsed: Fraction
    standing: Standing
    thresholds: tuple[ThresholdLine, ...]
    as_of: AwareDatetime | None
    quality: Quality
    unknown_hours: int
    projected_by: str = "run rate"  # or `forecast of 2026-11-20`
    low80: Money | None = None  # of a forecast: 80 of 100 such intervals hold what it costs
    high80: Money | None = None

    @property
    def share(self) -> Fraction | None:
        return self.spent.over(self.limit) if self.spent is not None else None

    @property
    def projected_share(self) -> Fraction | None:
        return self.projected.over(self.limit) if self.projected is not None else None


def budget_line(reading: BudgetReading, now: datetime) -> BudgetLine:
    budget, window, figures = reading.budget, reading.window, reading.figures
    projection = figures.projection(window) if figures else None
    projected = projection.amount if projection else None
    told = reading.state.fired if reading.state else frozenset()
    unknown_hours = figures.unknown_hours(window) if figures else 0
    quality = figures.quality if figures else Quality.UNKNOWN
    thresholds = tuple(
        _threshold(each, budget, figures, projected, each.key in told)
        for each in sorted(budget.thresholds, key=lambda each: (each.percent, each.basis))
    )
    return BudgetLine(
        id=budget.id,
        scope=str(budget.scope),
        period=budget.period,
        starts_at=window.start,
        ends_at=window.end,
        time_zone=budget.time_zone,
        book=budget.book,
        owner=budget.owner,
        link=budget.link,
        limit=budget.limit,
        spent=figures.spent if figures else None,
        projected=projected,
        elapsed=window.share_before(now),
        standing=_standing(budget.limit, figures, projected, thresholds),
        thresholds=thresholds,
        as_of=figures.as_of if figures else None,
        quality=worst([quality, Quality.ESTIMATED]) if unknown_hours else quality,
        unknown_hours=unknown_hours,
        projected_by=projection.source if projection else "run rate",
        low80=projection.low80 if projection else None,
        high80=projection.high80 if projection else None,
    )


def _threshold(
    threshold: Threshold,
    budget: Budget,
    figures: Figures | None,
    projected: Money | None,
    told: bool,
) -> ThresholdLine:
    amount = budget.limit.times(Fraction(threshold.percent, 100))
    spent = figures.spent if figures else None
    value = projected if threshold.basis is ThresholdBasis.PROJECTED else spent
    return ThresholdLine(
        percent=threshold.percent,
        basis=threshold.basis,
        severity=threshold.severity,
        amount=amount,
        passed=value is not None and value >= amount,
        told=told,
    )


def _standing(
    limit: Money,
    figures: Figures | None,
    projected: Money | None,
    thresholds: Sequence[ThresholdLine],
) -> Standing:
    if figures is None:
        return Standing.UNKNOWN
    if figures.spent >= limit:
        return Standing.EXCEEDED
    if any(each.passed for each in thresholds):
        return Standing.WARNED
    return Standing.AT_RISK if projected and projected > limit else Standing.WITHIN


class MonthLimit(Frozen):
    """What the metered month of all clusters may cost: the sum of their own monthly budgets."""

    limit: Money
    budgets: tuple[str, ...]


def month_limit(readings: Sequence[BudgetReading], clusters: Collection[str]) -> MonthLimit | None:
    """None unless each cluster, whole, has exactly one monthly budget.

    Only such limits add up, and cover what the report measures: a budget of a namespace is
    a part of its cluster's, and one of the bill holds more than the clusters.
    """
    found: dict[str, Budget] = {}
    for budget in (reading.budget for reading in readings):
        cluster = budget.scope.get(Dimension.CLUSTER)
        whole = budget.scope.dimensions == {Dimension.CLUSTER}
        if not whole or cluster is None or budget.period is not Period.MONTH:
            continue
        if cluster in found:
            return None
        found[cluster] = budget
    if not clusters or set(found) != set(clusters):
        return None
    return MonthLimit(
        limit=Money.sum(budget.limit for budget in found.values()),
        budgets=tuple(sorted(budget.id for budget in found.values())),
    )
