"""Trends: which way a series goes, and whether that can be told from chance."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st

from bursar.domain.trends import MONTH, Direction, Interval, Point, Trend, month_points, trend
from tests.unit.for_all import for_all

START = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def daily(*values: float) -> list[Point]:
    return [Point(START + n * DAY, value) for n, value in enumerate(values)]


def of(*values: float, confidence: float = 0.95) -> Trend:
    return trend(daily(*values), DAY, confidence=confidence)


def test_the_slope_is_the_middle_one_of_all_pairs() -> None:
    # pairs of 1 3 2 4 7: 2 1/2 1 3/2, -1 1/2 4/3, 2 5/2, 3; in order
    # -1 1/2 1/2 1 4/3 3/2 2 2 5/2 3, whose middle is (4/3 + 3/2) / 2 = 17/12
    found = of(1, 3, 2, 4, 7)
    assert found.slope == pytest.approx(17 / 12)
    assert found.interval == Interval(-1, 3)  # of five points only the whole range is 95% sure
    assert found.direction is Direction.FLAT
    assert (found.current, found.mean, found.lowest, found.highest) == (7, 3.4, 1, 7)


def test_the_interval_leaves_out_what_chance_makes_of_six_points() -> None:
    # of 6! = 720 orders 1 has no pair falling and 5 have one: (1 + 5) / 720 = 0.83%,
    # 14 have two: 20 / 720 = 2.8% is more than 2.5%. So one slope is left out at either end.
    values = (0, 1, 2, 3, 4, 3.5)
    slopes = sorted((values[b] - values[a]) / (b - a) for a in range(6) for b in range(a + 1, 6))
    assert of(*values).interval == pytest.approx((slopes[1], slopes[-2]))
    assert slopes[0] == -0.5
    assert of(*values).direction is Direction.INCREASING


def test_five_points_that_only_rise_increase_and_their_mirror_decreases() -> None:
    # one order of 120 rises throughout: 0.8%, below 2.5%
    assert of(10, 12.1, 13.9, 16.2, 17.8).direction is Direction.INCREASING
    assert of(17.8, 16.2, 13.9, 12.1, 10).direction is Direction.DECREASING


def test_four_points_are_too_few_for_any_verdict() -> None:
    # one order of 24 rises throughout: 4.2%, above 2.5%
    found = of(1, 2, 3, 4)
    assert (found.direction, found.slope) == (Direction.INSUFFICIENT_DATA, None)
    assert (found.current, found.highest) == (4, 4)
    assert of().direction is Direction.INSUFFICIENT_DATA
    assert of().current is None


def test_fewer_points_than_asked_for_are_too_few() -> None:
    assert trend(daily(1, 2, 3, 4, 5), DAY, fewest=6).direction is Direction.INSUFFICIENT_DATA


@pytest.mark.parametrize("months", [6, 12, 30, 90])
def test_growth_that_bends_is_increasing(months: int) -> None:
    assert of(*[1.1**n for n in range(months)]).direction is Direction.INCREASING


def test_one_spike_is_no_trend() -> None:
    assert of(5, 5.1, 4.9, 5, 5.1, 4.9, 5, 500).direction is Direction.FLAT


def test_a_constant_is_flat_whatever_its_last_bits() -> None:
    found = of(*[0.1 * 3, 0.3] * 15)  # 0.30000000000000004 and 0.3
    assert (found.direction, found.slope, found.interval) == (Direction.FLAT, 0, Interval(0, 0))


def test_the_exact_and_the_normal_interval_meet_at_sixty_points() -> None:
    # a rise of 1 a day under swings of up to 40
    values = [n + 40 * (-1) ** n * math.sqrt(n * 7 % 11 / 11) for n in range(61)]
    exact, normal = of(*values[:60]).interval, of(*values).interval
    assert exact is not None
    assert normal == pytest.approx(exact, rel=0.1)


def test_a_gap_counts_by_its_length() -> None:
    points = [point for point in daily(*range(10)) if point.value not in (3, 4, 5)]
    assert trend(points, DAY).slope == pytest.approx(1)


def test_months_lie_one_period_apart_also_across_years() -> None:
    names = ("2026-11", "2026-12", "2027-01", "2027-02", "2027-03")
    points = month_points([(name, float(n)) for n, name in enumerate(names)])
    assert trend(points, MONTH).slope == pytest.approx(1)


def test_what_is_no_series_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        of(1, 2, math.nan, 4)
    with pytest.raises(ValueError, match="one time"):
        trend([Point(START, 1), Point(START, 2)], DAY)
    with pytest.raises(ValueError, match="confidence"):
        trend([], DAY, confidence=1)


@for_all(values=st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=30), order=st.randoms())
def test_a_trend_depends_on_no_order_and_its_interval_holds_its_slope(values, order) -> None:
    points = daily(*values)
    mixed = list(points)
    order.shuffle(mixed)
    found = trend(points, DAY)
    assert trend(mixed, DAY) == found
    assert found.lowest <= found.current <= found.highest
    assert found.interval.low <= found.slope <= found.interval.high
