"""Closed time period by period: hours, days or months, and what of each nobody has seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bursar.domain.cluster.hours import HourCosts
from bursar.domain.cost_report.days import closed_until
from bursar.domain.money import Money
from bursar.domain.periods import Window, days, hours, month_of
from bursar.domain.quality import Quality, worst


class Per(StrEnum):
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class PeriodCosts:
    """One period of all the clusters asked for. Time that is not known is in no amount."""

    window: Window
    parts: tuple[HourCosts, ...]
    known_seconds: int
    unknown_seconds: int

    @property
    def total(self) -> Money | None:
        """None when nothing of the period was seen."""
        return Money.sum(part.total for part in self.parts) if self.known_seconds else None

    @property
    def quality(self) -> Quality:
        if not self.known_seconds:
            return Quality.UNKNOWN
        if self.unknown_seconds:
            return Quality.ESTIMATED
        return worst(part.quality for part in self.parts if part.known_seconds)


def timeline(
    parts: Sequence[HourCosts], clusters: int, span: Window, per: Per, now: datetime
) -> list[PeriodCosts]:
    """Every period of the span that has begun to be closed; one without any part is a gap.

    Args:
        parts: closed hours for `per` hour, else closed days.
        clusters: how many there are, each of which could know every second.
    """
    end = min(span.end, closed_until(now))
    due = Window(span.start, max(end, span.start))
    by_start: dict[datetime, list[HourCosts]] = {}
    for part in parts:
        by_start.setdefault(_PERIOD_OF[per](part.window.start), []).append(part)
    found = []
    for window in _PERIODS[per](span):
        mine = by_start.get(_PERIOD_OF[per](window.start), [])
        known = sum(part.known_seconds for part in mine)
        wanted = clusters * int(window.overlap(due).total_seconds())
        if wanted or known:
            found.append(PeriodCosts(window, tuple(mine), known, max(wanted - known, 0)))
    return found


def _months(span: Window) -> Iterator[Window]:
    """The span, cut at the beginnings of UTC months."""
    start = span.start
    while start < span.end:
        end = min(month_of(start).end, span.end)
        yield Window(start, end)
        start = end


_PERIODS: Mapping[Per, Callable[[Window], Iterator[Window]]] = {
    Per.HOUR: hours,
    Per.DAY: days,
    Per.MONTH: _months,
}
_PERIOD_OF: Mapping[Per, Callable[[datetime], datetime]] = {
    Per.HOUR: lambda at: at,
    Per.DAY: lambda at: at,
    Per.MONTH: lambda at: month_of(at).start,
}
