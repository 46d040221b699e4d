"""Read what clusters have cost in a span of days, from the hours that the guard has closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bursar.domain.cluster.breakdowns import Breakdown, BreakdownLine, breakdown
from bursar.domain.cost_report import CostReport, build_report, chart_window
from bursar.domain.cost_report.timeline import Per, PeriodCosts, timeline
from bursar.domain.money import Money
from bursar.domain.periods import Window, month_of
from bursar.ports import CostHistory


@dataclass(frozen=True, slots=True)
class SpanCosts:
    """A span of whole UTC days. `periods` are empty when they were not asked for."""

    span: Window
    by: Breakdown
    report: CostReport
    lines: tuple[BreakdownLine, ...]
    periods: tuple[PeriodCosts, ...]

    @property
    def total(self) -> Money | None:
        """None when nothing of the span was seen; never zero for it."""
        return None if self.report.is_blind else self.report.total

    @property
    def is_this_month(self) -> bool:
        return self.span == month_of(self.report.now)

    @property
    def run_rate(self) -> Money | None:
        """What the whole month comes to at its run rate; only the current month has one."""
        return self.report.projected if self.is_this_month else None

    @property
    def forgotten_seconds(self) -> int:
        """Seconds whose days are known and whose hours have expired, when periods are hours."""
        if not self.periods:
            return 0
        return max(self.report.known_seconds - sum(p.known_seconds for p in self.periods), 0)


def read_costs(
    clusters: Sequence[str],
    span: Window,
    *,
    by: Breakdown,
    per: Per | None,
    now: datetime,
    history: CostHistory,
) -> SpanCosts:
    """Sum, break down and, if asked, list period by period. `span` is of whole UTC days."""
    window = chart_window(span, now)
    days = {name: history.days(name, window) for name in clusters}
    inside = [
        day for each in days.values() for day in each if span.start <= day.window.start < span.end
    ]
    timed = inside
    if per is Per.HOUR:
        timed = [hour for name in clusters for hour in history.hours(name, span)]
    return SpanCosts(
        span=span,
        by=by,
        report=build_report("", now, days, month=span),
        lines=tuple(breakdown(inside, by)),
        periods=tuple(timeline(timed, len(days), span, per, now)) if per else (),
    )
