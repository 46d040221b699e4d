"""`bursar trend`: where a metric of the ledger goes, and how far that can be trusted."""

from __future__ import annotations

import json as json_text
import sys
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from bursar.adapters.dynamodb.statements import DynamoStatementStore
from bursar.cli import clock
from bursar.cli.deployed import UNANSWERED, deployed_table, leave_unanswered
from bursar.cli.exits import Exit, leave
from bursar.domain.money import Money
from bursar.domain.periods import DAY, Period, Window, day_of
from bursar.domain.scopes import Scope, ScopeError
from bursar.domain.series.trend_points import TrendMetric, trend_points
from bursar.domain.trends import MONTH, Direction, Point, Trend, month_points
from bursar.domain.trends import trend as find_trend

Help = Parameter
MetricName = Literal["cost", "tokens", "requests", "usd-per-million-tokens", "usd-per-request"]
PerName = Literal["day", "week", "month"]
_LENGTHS = {Period.DAY: DAY, Period.WEEK: 7 * DAY, Period.MONTH: MONTH}
_LONGEST_DAYS = 31
_MOST_PERIODS = 400


def trend(
    metric: Annotated[MetricName, Help(help="what is counted in the ledger")],
    *,
    scope: Annotated[str | None, Help(help="team=search; default: everything")] = None,
    per: Annotated[PerName, Help(help="one point for each; days resemble their neighbours")] = (
        "week"
    ),
    periods: Annotated[int, Help(help="how many to look back on")] = 13,
    stack: Annotated[str, Help(help="the deployed stack")] = "Bursar",
    region: Annotated[str | None, Help(help="where it is deployed; default: AWS' own")] = None,
    table: Annotated[str | None, Help(help="the table itself, instead of --stack")] = None,
    json: Annotated[bool, Help(negative="", help="print JSON")] = False,
) -> None:
    """Say whether a metric rises, falls or stays: slope, interval, verdict.

    Only whole periods count of which every day is known.

    Exit code 2: wrong input, or nothing of that name. 3: AWS cannot be asked.
    """
    now, period = clock.now(), Period(per)
    if not 1 <= periods <= _MOST_PERIODS:
        leave(Exit.WRONG_INPUT, [f"--periods is 1 to {_MOST_PERIODS}"])
    try:
        chosen = Scope.parse(scope) if scope else None
    except ScopeError as error:
        leave(Exit.WRONG_INPUT, [str(error)])
    length = timedelta(days=_LONGEST_DAYS) if period is Period.MONTH else _LENGTHS[period]
    span = Window(day_of(now).start - (periods + 1) * length, day_of(now).start)
    try:
        stated = DynamoStatementStore(deployed_table(table, stack, region)).days(span)
    except UNANSWERED as error:
        leave_unanswered(error, stack)
    points = trend_points(stated, TrendMetric(metric), period, now, chosen)[-periods:]
    if period is Period.MONTH:
        points = month_points([(f"{each.at:%Y-%m}", each.value) for each in points])
    found = find_trend(points, _LENGTHS[period])
    if json:
        told = to_json(found, metric, scope, per, points)
        sys.stdout.write(json_text.dumps(told, indent=2) + "\n")
    else:
        sys.stdout.write(f"{in_words(found, metric, scope, per)}\n")


def in_words(found: Trend, metric: str, scope: str | None, per: str) -> str:
    what = f"{metric} of {scope or 'everything'}"
    if found.current is None or found.mean is None:
        return f"{what}: nothing is known of whole {per}s."
    told = f"{what}: {found.direction}. Last {per} {found.current:,.4g}, mean {found.mean:,.4g}"
    told += f", {found.lowest:,.4g} to {found.highest:,.4g} in {found.points} {per}s"
    if found.slope is None or found.interval is None:
        return f"{told}; too few to tell a trend from chance."
    low, high = found.interval
    return f"{told}; {found.slope:+,.4g} a {per} ({low:+,.4g} to {high:+,.4g}, 95%)."


def to_json(
    found: Trend, metric: str, scope: str | None, per: str, points: list[Point]
) -> dict[str, Any]:
    """`direction` is a verdict only where it is not `insufficient data`. Amounts are strings."""
    is_money = TrendMetric(metric) not in (TrendMetric.TOKENS, TrendMetric.REQUESTS)

    def told(value: float | None) -> float | str | None:
        return Money.estimate(value).plain() if is_money and value is not None else value

    figures = ("current", "mean", "lowest", "highest", "slope")
    return {
        "metric": metric,
        "scope": scope,
        "per": per,
        **asdict(found),
        **{name: told(getattr(found, name)) for name in figures},
        "is_verdict": found.direction is not Direction.INSUFFICIENT_DATA,
        "interval": [told(each) for each in found.interval] if found.interval else None,
        "values": [told(each.value) for each in points],
    }
