"""What a forecast makes of what was spent: an amount, and an interval where it is known."""

from __future__ import annotations

from datetime import UTC, date, datetime

from bursar.domain.cost_report.foreseen import foreseen
from bursar.domain.figures import Outlook, Projection
from bursar.domain.money import Money
from bursar.domain.periods import Window

NOVEMBER = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
MIDNIGHT_28 = datetime(2026, 11, 28, tzinfo=UTC)
# after the 27th, three days of $10; 80 of 100 times the rest is $25 to $38
OUTLOOK = Outlook(date(2026, 11, 27), (Money.of(10),) * 3, below=Money.of(5), above=Money.of(8))


def usd(*amounts: int) -> tuple[Money, ...]:
    return tuple(Money.of(each) for each in amounts)


def test_the_interval_stands_around_what_was_spent_and_is_foreseen() -> None:
    found = OUTLOOK.projection(Money.of(100), MIDNIGHT_28, NOVEMBER)
    assert found == Projection(*usd(130), "forecast of 2026-11-27", *usd(125, 138))
    assert found.interval == "80% between $125.00 and $138.00"


def test_what_is_spent_stays_spent() -> None:
    late = datetime(2026, 11, 30, 18, tzinfo=UTC)  # a quarter of the last day is left: $2.50
    found = OUTLOOK.projection(Money.of(100), late, NOVEMBER)
    assert found is not None
    assert (found.amount, found.low80) == (Money.of("102.5"), Money.of(100))


def test_credits_may_still_lower_it() -> None:
    credits = Outlook(OUTLOOK.day, usd(-10, -10, -10), below=Money.of(5), above=Money.of(8))
    found = credits.projection(Money.of(100), MIDNIGHT_28, NOVEMBER)
    assert found is not None
    assert (found.low80, found.high80) == usd(65, 78)


def test_a_window_that_ends_before_the_forecast_does_has_no_interval() -> None:
    two_days = Window(NOVEMBER.start, datetime(2026, 11, 30, tzinfo=UTC))
    found = OUTLOOK.projection(Money.of(100), MIDNIGHT_28, two_days)
    assert found == Projection(*usd(120), "forecast of 2026-11-27")
    assert found.interval == ""


def test_a_window_beyond_the_forecast_is_not_foreseen() -> None:
    december = Window(NOVEMBER.end, datetime(2027, 1, 1, tzinfo=UTC))
    assert OUTLOOK.projection(Money.of(100), MIDNIGHT_28, december) is None


def test_clusters_together_come_to_the_sum_of_their_forecasts() -> None:
    clusters = [("a", Money.of(100), MIDNIGHT_28), ("b", Money.of(50), MIDNIGHT_28)]
    found = foreseen(clusters, {"a": OUTLOOK, "b": OUTLOOK}, NOVEMBER)
    assert found == Projection(*usd(210), "forecast of 2026-11-27", *usd(200, 226))


def test_clusters_of_which_one_has_no_forecast_are_not_foreseen_together() -> None:
    clusters = [("a", Money.of(100), MIDNIGHT_28), ("b", Money.of(50), MIDNIGHT_28)]
    assert foreseen(clusters, {"a": OUTLOOK}, NOVEMBER) is None
    assert foreseen([], {}, NOVEMBER) is None
