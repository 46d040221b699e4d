"""What an anomaly is told with: actual against expected, and what would be usual."""

from __future__ import annotations

from datetime import UTC, datetime

from bursar.domain.alerts import Alert
from bursar.domain.anomaly_events.events import AnomalyEvent, Direction, Reading
from bursar.domain.anomaly_events.floors import Floors
from bursar.domain.anomaly_events.news import anomaly_alert
from bursar.domain.anomaly_events.transitions import BEGUN
from bursar.domain.books import Book
from bursar.domain.money import Money
from bursar.domain.series.names import Grain, SeriesName

DAY = datetime(2026, 11, 20, tzinfo=UTC)


def told(actual: int, low: int, high: int) -> Alert:
    """Of a day on which $100 were expected."""
    reading = Reading(
        at=DAY,
        actual=Money.of(actual),
        expected=Money.of(100),
        low=Money.of(low),
        high=Money.of(high),
        is_off=True,
    )
    event = AnomalyEvent(
        id="AN-1",
        series=SeriesName(Book.LEDGER, "team=search"),
        grain=Grain.DAY,
        direction=Direction.UP,
        started_at=DAY,
        latest_at=DAY,
        readings=(reading,),
        size=reading.over,
        peak=reading.over,
        told_peak=reading.over,
    )
    return anomaly_alert(
        event, BEGUN, owner="search", floors=Floors(usd=Money.of(50), percent=20), now=DAY
    )


def test_what_is_beyond_the_band_is_told_with_it() -> None:
    assert told(180, 80, 120).comparison == (
        "2026-11-20: $180.00 against $100.00 expected ($80.00 to $120.00 would be usual)."
    )


def test_a_wide_band_that_holds_what_is_unusual_by_its_own_record_is_not_told() -> None:
    assert told(180, 10, 190).comparison == "2026-11-20: $180.00 against $100.00 expected."
