"""What a month of a volume costs; the us-east-1 figures are infracost's expected outputs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bursar.domain.cluster.storage import VolumeSpec, price_keys, usd_per_hour, usd_per_month
from bursar.domain.money import Money
from bursar.domain.prices import PriceRow, VolumeMeasure, volume

REGION = "us-east-1"
LIST = {
    ("gp2", VolumeMeasure.SIZE): "0.10",
    ("gp3", VolumeMeasure.SIZE): "0.08",
    ("gp3", VolumeMeasure.IOPS): "0.005",
    ("gp3", VolumeMeasure.THROUGHPUT): "0.04",
    ("io1", VolumeMeasure.SIZE): "0.125",
    ("io1", VolumeMeasure.IOPS): "0.065",
    ("io2", VolumeMeasure.SIZE): "0.125",
    ("io2", VolumeMeasure.IOPS): "0.065",
    ("io2", VolumeMeasure.IOPS_TIER_2): "0.046",
    ("io2", VolumeMeasure.IOPS_TIER_3): "0.032",
    ("st1", VolumeMeasure.SIZE): "0.045",
    ("sc1", VolumeMeasure.SIZE): "0.015",
    ("standard", VolumeMeasure.SIZE): "0.05",
}
PRICES = {
    volume(REGION, kind, measure): PriceRow(
        key=volume(REGION, kind, measure),
        usd=Money.of(usd),
        unit=measure,
        source="test",
        effective_from=datetime(2026, 1, 1, tzinfo=UTC),
    )
    for (kind, measure), usd in LIST.items()
}


def spec(kind: str, gib: int, iops: int | None = None, mibps: int | None = None) -> VolumeSpec:
    return VolumeSpec("vol-1", kind, gib, iops, mibps)


@pytest.mark.parametrize(
    ("volume_spec", "usd"),
    [
        (spec("gp2", 10), "1.00"),  # 10 x 0.10
        (spec("st1", 40), "1.80"),  # 40 x 0.045
        (spec("sc1", 50), "0.75"),  # 50 x 0.015
        (spec("standard", 20), "1.00"),  # 20 x 0.05
        (spec("io1", 30, 300), "23.25"),  # 3.75 + 300 x 0.065 = 3.75 + 19.50
        (spec("io2", 30, 300), "23.25"),  # 3.75 + 19.50
        (spec("gp3", 40, 4_000, 130), "8.40"),  # 3.20 + 1,000 x 0.005 + 5 x 0.04
        (spec("gp3", 40, 3_000, 125), "3.20"),  # the baseline is free: 40 x 0.08
        (spec("gp3", 40), "3.20"),
        (spec("gp2", 10, 100), "1.00"),  # the IOPS of gp2 come with its size
        # 32,000 x 0.065 + 32,000 x 0.046 + 6,000 x 0.032 + 100 x 0.125
        (spec("io2", 100, 70_000), "3756.5"),  # 2,080 + 1,472 + 192 + 12.5
    ],
)
def test_a_month_of_a_volume(volume_spec: VolumeSpec, usd: str) -> None:
    assert usd_per_month(volume_spec, PRICES, region=REGION) == Money.of(usd)


def test_a_missing_price_leaves_no_amount_but_its_name() -> None:
    size = volume(REGION, "gp3", VolumeMeasure.SIZE)
    known = {size: PRICES[size]}
    missing = usd_per_month(spec("gp3", 40, 4_000, 130), known, region=REGION)
    assert missing == [
        volume(REGION, "gp3", VolumeMeasure.IOPS),
        volume(REGION, "gp3", VolumeMeasure.THROUGHPUT),
    ]


def test_an_io2_volume_that_does_not_say_its_iops_is_unpriced() -> None:
    missing = usd_per_month(spec("io2", 30), PRICES, region=REGION)
    assert missing == [volume(REGION, "io2", VolumeMeasure.IOPS)]


def test_only_what_is_billed_is_looked_up() -> None:
    assert price_keys(spec("gp3", 40, 3_000, 125), REGION) == [
        volume(REGION, "gp3", VolumeMeasure.SIZE)
    ]


@pytest.mark.parametrize(("month", "hours"), [(2, 672), (11, 720), (12, 744)])
def test_an_hour_is_the_months_price_over_the_hours_of_that_month(month: int, hours: int) -> None:
    at = datetime(2026, month, 10, tzinfo=UTC)
    hourly = usd_per_hour(spec("gp2", hours), PRICES, region=REGION, at=at)
    assert hourly == Money.of("0.10")  # hours GiB x 0.10 a month / hours
