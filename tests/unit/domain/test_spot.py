"""Spot prices: averaged over the time that each really held."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.spot import SpotPoint, by_zone, spot_range, time_weighted_mean

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = Window(NOON, NOON + timedelta(hours=1))
REAL = (
    Path(__file__).parents[4] / "shared/data/aws_prices/describe_spot_price_history_m5.large.json"
)


def point(minutes: int, usd: str, zone: str = "us-east-1a") -> SpotPoint:
    return SpotPoint("m5.large", zone, NOON + timedelta(minutes=minutes), Money.of(usd))


def test_the_point_before_the_window_is_the_price_at_its_start() -> None:
    # 0.10 held for 45 minutes, 0.20 for 15: (45 x 0.10 + 15 x 0.20) / 60 = 0.125
    mean = time_weighted_mean([point(-600, "0.10"), point(45, "0.20")], HOUR)
    assert mean == Money.of("0.125")


def test_the_order_in_which_points_are_told_does_not_matter() -> None:
    steps = [point(30, "0.30"), point(-1, "0.10"), point(-5, "9")]
    assert time_weighted_mean(steps, HOUR) == Money.of("0.20")  # (30 x 0.10 + 30 x 0.30) / 60


def test_a_window_is_averaged_over_the_part_that_is_known() -> None:
    assert time_weighted_mean([point(20, "0.10")], HOUR) == Money.of("0.10")


@pytest.mark.parametrize("steps", [[], [point(60, "0.10")]])
def test_without_a_point_that_reaches_in_there_is_no_mean(steps: list[SpotPoint]) -> None:
    assert time_weighted_mean(steps, HOUR) is None
    assert spot_range(steps, HOUR) is None


def test_low_and_high_are_of_prices_that_held_within_the_window() -> None:
    steps = [point(-90, "9"), point(-30, "0.20"), point(30, "0.10")]
    found = spot_range(steps, HOUR)
    assert found is not None
    assert (found.low, found.mean, found.high) == (
        Money.of("0.10"),
        Money.of("0.15"),
        Money.of("0.20"),
    )


def test_a_real_month_of_m5_large_stays_between_its_own_low_and_high() -> None:
    if not REAL.exists():
        pytest.skip("the shared price data is not beside this repository")
    history = json.loads(REAL.read_bytes())["SpotPriceHistory"]
    points = [
        SpotPoint(
            told["InstanceType"],
            told["AvailabilityZone"],
            datetime.fromisoformat(told["Timestamp"]),
            Money.of(told["SpotPrice"]),
        )
        for told in history
    ]
    end = datetime(2021, 2, 9, 2, tzinfo=UTC)
    window = Window(end - timedelta(days=30), end)
    zones = by_zone(points)
    assert len(zones) == 5
    ranges = [spot_range(steps, window) for steps in zones.values()]
    assert all(found and found.low <= found.mean <= found.high for found in ranges)
    assert min(found.low for found in ranges if found) >= Money.of("0.0367")
    assert max(found.high for found in ranges if found) <= Money.of("0.0437")
