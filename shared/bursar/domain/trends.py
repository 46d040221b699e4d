"""The trend of a metric: the middle slope of all pairs of points, and how far it can be trusted.

Theil-Sen's slope with Sen's interval (P. K. Sen 1968, J. Am. Stat. Assoc. 63, 1379-1389; ranks as
Hollander and Wolfe, Nonparametric Statistical Methods, section 9.3), which comes from the
distribution of Kendall's S. Why not least squares: one spike moves its line, and growth that bends
(10% a month) leaves residuals that its interval takes for noise; pairs only ask what came later.
The price: below five points nothing can be told from chance at 95%.

The interval takes the points for independent but for the trend. Days resemble the day before, so
of a long daily series it is too narrow: ask weeks, or months.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import combinations, pairwise
from statistics import NormalDist, median
from typing import NamedTuple

FEWEST_POINTS = 5
MONTH = timedelta(days=30, hours=10, minutes=30)  # 365.25 / 12 days
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXACT_UP_TO = 60  # points; beyond, Kendall's S is as good as normal
_NEGLIGIBLE = 1e-9  # of the largest value: what rounding alone makes of a flat series


class Direction(StrEnum):
    INCREASING = "increasing"
    DECREASING = "decreasing"
    FLAT = "flat"
    INSUFFICIENT_DATA = "insufficient data"


class Point(NamedTuple):
    at: datetime
    value: float


class Interval(NamedTuple):
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Trend:
    """What a series is and where it goes; `slope` is the change in one period.

    The figures of the values are None when there are none. `slope` and `interval` are None with
    too few points; the interval holds the slope with `confidence`.
    """

    direction: Direction
    points: int
    current: float | None = None
    mean: float | None = None
    lowest: float | None = None
    highest: float | None = None
    slope: float | None = None
    interval: Interval | None = None
    confidence: float = 0.95


def trend(
    points: Sequence[Point],
    period: timedelta,
    *,
    confidence: float = 0.95,
    fewest: int = FEWEST_POINTS,
) -> Trend:
    """The trend of points in any order; a gap is a gap, for their times count, not their order.

    Increasing or decreasing only where the interval excludes zero.

    Raises:
        ValueError: a value is not finite, two points have one time, or the confidence is not
            between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise ValueError("a confidence lies between 0 and 1")
    ordered = sorted(points)
    values = [point.value for point in ordered]
    if not all(map(math.isfinite, values)):
        raise ValueError("a trend is of finite values")
    if any(one.at == other.at for one, other in pairwise(ordered)):
        raise ValueError("two points of a trend have one time")
    if not values:
        return Trend(Direction.INSUFFICIENT_DATA, 0, confidence=confidence)
    rank = _rank(len(values), 1 - confidence) if len(values) >= fewest else None
    slope = interval = None
    if rank is not None:
        slopes = _slopes(ordered, period)
        slope, interval = median(slopes), Interval(slopes[rank], slopes[-1 - rank])
    return Trend(
        direction=_direction(interval),
        points=len(values),
        current=values[-1],
        mean=math.fsum(values) / len(values),
        lowest=min(values),
        highest=max(values),
        slope=slope,
        interval=interval,
        confidence=confidence,
    )


def month_points(values: Sequence[tuple[str, float]]) -> list[Point]:
    """Months (`2026-11`) as points that lie one `MONTH` apart, whatever their length."""
    return [Point(_EPOCH + _month_number(month) * MONTH, value) for month, value in values]


def _month_number(month: str) -> int:
    year, number = month.split("-")
    return (int(year) - _EPOCH.year) * 12 + int(number) - 1


def _direction(interval: Interval | None) -> Direction:
    if interval is None:
        return Direction.INSUFFICIENT_DATA
    if interval.low > 0:
        return Direction.INCREASING
    return Direction.DECREASING if interval.high < 0 else Direction.FLAT


def _slopes(ordered: Sequence[Point], period: timedelta) -> list[float]:
    """Of every pair, in order; a change that rounding alone can make is none."""
    nothing = _NEGLIGIBLE * max(abs(point.value) for point in ordered)
    return sorted(
        change / ((later.at - earlier.at) / period) if abs(change) > nothing else 0.0
        for earlier, later in combinations(ordered, 2)
        for change in [later.value - earlier.value]
    )


def _rank(count: int, doubt: float) -> int | None:
    """How many slopes to leave out at either end: the most pairs that chance alone puts in
    falling order with a probability of at most half the doubt. None where even none is likelier.
    """
    pairs = count * (count - 1) // 2
    if count > _EXACT_UP_TO:
        deviation = math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
        least = NormalDist().inv_cdf(1 - doubt / 2) * deviation + 1
        return math.floor((pairs - least) / 2)
    likely, rank = 0.0, -1
    for share in _inversions(count):
        likely += share
        if likely > doubt / 2:
            break
        rank += 1
    return rank if rank >= 0 else None


def _inversions(count: int) -> list[float]:
    """How likely a random order of so many has 0, 1, 2, ... pairs in falling order: the sum of
    independent numbers, of which the nth is any of 0 to n - 1 (Knuth, TAOCP 3, section 5.1.1)."""
    likely = [1.0]
    for size in range(2, count + 1):
        sums = [0.0] * (len(likely) + size - 1)
        for inversions, share in enumerate(likely):
            for more in range(size):
                sums[inversions + more] += share / size
        likely = sums
    return likely
