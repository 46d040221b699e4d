"""Days as they are charted: known, partly known, or a gap; a gap is never a day of zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from bursar.domain.cluster.hours import HourCosts
from bursar.domain.cost_report.parts import Frozen, Parts
from bursar.domain.money import Money
from bursar.domain.periods import Window, days, hour_of

CHART_DAYS = 60
_CLOSING_TAKES = timedelta(minutes=30)  # hours are closed a little after they end


class DayState(StrEnum):
    KNOWN = "known"
    SO_FAR = "so_far"  # today: everything that could be known by now is
    PARTIAL = "partial"  # some hours are unknown: the amount is a lower bound
    UNKNOWN = "unknown"  # nothing was seen: there is no amount


class ClusterDay(Frozen):
    """One UTC day of one cluster. `parts` is None when nothing of it was seen."""

    day: date
    cluster: str
    state: DayState
    known_seconds: int
    due_seconds: int  # how much of the day could be known at the time of the report
    parts: Parts | None

    @property
    def unknown_seconds(self) -> int:
        return self.due_seconds - self.known_seconds


class DayTotal(Frozen):
    """One UTC day of all clusters. `gaps` names those that were not wholly seen."""

    day: date
    state: DayState
    parts: Parts | None
    unknown_seconds: int
    gaps: tuple[str, ...]


def cluster_days(
    cluster: str, window: Window, stored: Sequence[HourCosts], now: datetime
) -> list[ClusterDay]:
    """Every day of the window that has begun, whether anything is stored of it or not."""
    by_day = {each.window.start: each for each in stored}
    until = closed_until(now)
    found: list[ClusterDay] = []
    for span in days(window):
        costs = by_day.get(span.start)
        known = costs.known_seconds if costs else 0
        due = max(_seconds(span, until), known)
        if not due:
            continue
        found.append(
            ClusterDay(
                day=span.start.date(),
                cluster=cluster,
                state=_state(known, due, int(span.length.total_seconds())),
                known_seconds=known,
                due_seconds=due,
                parts=Parts.of(costs.rows.items()) if costs and known else None,
            )
        )
    return found


def closed_until(now: datetime) -> datetime:
    """The end of the last hour that could have been closed by now."""
    return hour_of(now - _CLOSING_TAKES).start


def _seconds(span: Window, until: datetime) -> int:
    if until <= span.start:
        return 0
    return int(span.overlap(Window(span.start, until)).total_seconds())


def _state(known: int, due: int, whole: int) -> DayState:
    if not known:
        return DayState.UNKNOWN
    if known < due:
        return DayState.PARTIAL
    return DayState.KNOWN if known == whole else DayState.SO_FAR


def day_totals(clusters: Mapping[str, Sequence[ClusterDay]]) -> tuple[DayTotal, ...]:
    """Sum the clusters day by day; a day is as well known as its worst-known cluster."""
    by_day: dict[date, list[ClusterDay]] = {}
    for found in clusters.values():
        for each in found:
            by_day.setdefault(each.day, []).append(each)
    return tuple(_total(day, parts) for day, parts in sorted(by_day.items()))


def _total(day: date, found: Sequence[ClusterDay]) -> DayTotal:
    seen = [each.parts for each in found if each.parts is not None]
    states = {each.state for each in found}
    gaps = tuple(each.cluster for each in found if each.unknown_seconds)
    if not seen:
        state = DayState.UNKNOWN
    elif gaps:
        state = DayState.PARTIAL
    else:
        state = DayState.SO_FAR if DayState.SO_FAR in states else DayState.KNOWN
    return DayTotal(
        day=day,
        state=state,
        parts=Parts.sum(seen) if seen else None,
        unknown_seconds=sum(each.unknown_seconds for each in found),
        gaps=gaps,
    )


class Carried(Frozen):
    """An estimate for unknown time: the last known rate before it, carried forward."""

    amount: Money
    seconds: int  # of unknown time that the estimate covers
    uncovered_seconds: int  # unknown time before anything was ever seen: no estimate


def carry_forward(found: Sequence[ClusterDay], month: Window) -> Carried:
    """Estimate the month's unknown time. $240 known in 24 h, then 6 unknown hours: $60.

    A partly known day carries its own rate. Days before the month only lend their rate.
    """
    amount, seconds, uncovered = Money.zero(), 0, 0
    last: tuple[Money, int] | None = None
    for each in found:
        if each.parts is not None:
            last = each.parts.total, each.known_seconds
        if not each.unknown_seconds or not month.start.date() <= each.day < month.end.date():
            continue
        if last is None:
            uncovered += each.unknown_seconds
        else:
            amount += last[0].times(Fraction(each.unknown_seconds, last[1]))
            seconds += each.unknown_seconds
    return Carried(amount=amount, seconds=seconds, uncovered_seconds=uncovered)
