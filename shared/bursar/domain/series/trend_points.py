"""A metric of the ledger, week by week or month by month, as trends are made of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from bursar.domain.ledger.budget_figures import dimensions
from bursar.domain.ledger.lines import Line, LineKey, Statement
from bursar.domain.ledger.months import month_name
from bursar.domain.ledger.serving import is_serving, own_lines
from bursar.domain.ledger.whole_months import corrections_alone, whole_month
from bursar.domain.money import PLACES
from bursar.domain.periods import DAY, Period, Window, days, window_of
from bursar.domain.quality import Quality
from bursar.domain.scopes import Scope
from bursar.domain.trends import Point

_UTC = ZoneInfo("UTC")


class TrendMetric(StrEnum):
    COST = "cost"
    TOKENS = "tokens"
    REQUESTS = "requests"
    USD_PER_MILLION_TOKENS = "usd-per-million-tokens"
    USD_PER_REQUEST = "usd-per-request"


_RATES = frozenset({TrendMetric.USD_PER_MILLION_TOKENS, TrendMetric.USD_PER_REQUEST})


def trend_points(
    stated: Sequence[Statement],
    metric: TrendMetric,
    period: Period,
    now: datetime,
    scope: Scope | None = None,
) -> list[Point]:
    """One point for each whole period of which every day was stated, and wholly; a ratio has
    none where it would divide by zero.

    What corrects a closed month is of that month, and of no day or week: its day is not known.
    """
    known = {
        each.window.start: each
        for each in stated
        if each.quality is not Quality.UNKNOWN
        and not each.missing
        and each.as_of >= int(each.window.end.timestamp())
    }
    late = corrections_alone(stated) if period is Period.MONTH else []
    points = []
    for window in _whole_periods(known, period, now):
        found = [known.get(day.start) for day in days(window)]
        parts = [part for part in found if part]
        if len(parts) < len(found):
            continue
        if period is Period.MONTH:
            whole = whole_month(month_name(window.start), [*parts, *late])
            lines = [item for each in whole for item in each.lines.items()]
        else:
            lines = [item for each in parts for item in own_lines(each)]
        value = _value(_within(lines, scope, metric), metric)
        if value is not None:
            points.append(Point(window.start, value))
    return points


def _whole_periods(
    known: dict[datetime, Statement], period: Period, now: datetime
) -> list[Window]:
    if not known:
        return []
    found = [window_of(period, min(known), _UTC)]
    while found[-1].end < min(now, max(known) + DAY):
        found.append(window_of(period, found[-1].end, _UTC))
    return [window for window in found if window.end <= now]


def _within(
    lines: Iterable[tuple[LineKey, Line]], scope: Scope | None, metric: TrendMetric
) -> Line:
    """Rates are of serving alone, on the usage basis."""
    total = Line()
    for key, line in lines:
        counts = metric not in _RATES or is_serving(key)
        if counts and (scope is None or scope.covers(dimensions(key))):
            total += line
    return total


def _value(total: Line, metric: TrendMetric) -> float | None:
    usd = float(total.units / 10**PLACES)
    tokens = total.tokens.total
    match metric:
        case TrendMetric.COST:
            return usd
        case TrendMetric.TOKENS:
            return float(tokens)
        case TrendMetric.REQUESTS:
            return float(total.requests)
        case TrendMetric.USD_PER_MILLION_TOKENS:
            return usd / tokens * 1e6 if tokens else None
        case TrendMetric.USD_PER_REQUEST:
            return usd / total.priced_requests if total.priced_requests else None
