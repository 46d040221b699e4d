"""Windows: half-open, in a budget's own zone, tiling time without a gap or an overlap."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import strategies as st

from bursar.domain.periods import (
    HOUR,
    Period,
    Window,
    day_of,
    days,
    hour_of,
    hours,
    hours_in_month,
    midnight,
    month_of,
    window_of,
)
from tests.unit.for_all import for_all

BERLIN, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
# summer time of an hour and of half of one, half and three-quarter hours, midnights that do
# not exist (Beirut, Havana, Santiago), a day that was skipped (Apia)
ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "America/Havana", "America/Santiago",
    "Asia/Beirut", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia",
]  # fmt: skip
instants = st.integers(1_104_537_600, 2_051_222_400).map(  # 2005 to 2035
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
zones = st.sampled_from(ZONES).map(ZoneInfo)
SECOND = timedelta(seconds=1)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type]


def test_the_end_belongs_to_the_next_window():
    october = window_of(Period.MONTH, utc(2026, 10, 31, 23, 59), ZoneInfo("UTC"))
    november = window_of(Period.MONTH, october.end, ZoneInfo("UTC"))
    assert october.end == november.start == utc(2026, 11, 1)


def test_a_berlin_october_has_one_hour_more_and_march_one_less():
    october = window_of(Period.MONTH, utc(2026, 10, 10), BERLIN)
    assert october == Window(utc(2026, 9, 30, 22), utc(2026, 10, 31, 23))
    assert october.length == 31 * 24 * HOUR + HOUR
    assert window_of(Period.MONTH, utc(2026, 3, 10), BERLIN).length == 31 * 24 * HOUR - HOUR


def test_days_of_berlin_have_23_24_or_25_hours():
    of = [window_of(Period.DAY, at, BERLIN).length // HOUR for at in (
        utc(2026, 3, 29, 12), utc(2026, 6, 1, 12), utc(2026, 10, 25, 12))]  # fmt: skip
    assert of == [23, 24, 25]


def test_both_half_past_twos_of_the_long_night_are_in_the_same_day():
    first, second = utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1, 30)  # 02:30 twice in Berlin
    assert window_of(Period.DAY, first, BERLIN) == window_of(Period.DAY, second, BERLIN)


def test_a_day_of_kolkata_begins_at_half_past_six_in_the_evening():
    day = window_of(Period.DAY, utc(2026, 11, 20, 18, 30), KOLKATA)
    assert day == Window(utc(2026, 11, 20, 18, 30), utc(2026, 11, 21, 18, 30))
    assert window_of(Period.DAY, utc(2026, 11, 20, 18, 29), KOLKATA).end == day.start


def test_a_week_begins_on_monday():
    week = window_of(Period.WEEK, utc(2026, 11, 22, 23, 59), ZoneInfo("UTC"))  # a Sunday
    assert week == Window(utc(2026, 11, 16), utc(2026, 11, 23))


@pytest.mark.parametrize(
    ("at", "quarter", "year"),
    [
        # the fiscal year begins in April: January to March is its last quarter
        (utc(2027, 3, 31, 23), (utc(2027, 1, 1), utc(2027, 4, 1)), (2026, 2027)),
        (utc(2027, 4, 1), (utc(2027, 4, 1), utc(2027, 7, 1)), (2027, 2028)),
    ],
)
def test_a_fiscal_year_from_april_has_its_own_quarters(at, quarter, year):
    zone = ZoneInfo("UTC")
    assert window_of(Period.QUARTER, at, zone, first_month=4) == Window(*quarter)
    first, after = year
    expected = Window(utc(first, 4, 1), utc(after, 4, 1))
    assert window_of(Period.YEAR, at, zone, first_month=4) == expected


@for_all(period=st.sampled_from(Period), at=instants, zone=zones, first_month=st.integers(1, 12))
def test_every_instant_lies_in_exactly_one_window(
    period: Period, at: datetime, zone: ZoneInfo, first_month: int
):
    window = window_of(period, at, zone, first_month=first_month)
    assert window.start <= at < window.end
    before = window_of(period, window.start - SECOND, zone, first_month=first_month)
    after = window_of(period, window.end, zone, first_month=first_month)
    assert before.end == window.start
    assert after.start == window.end


@for_all(start=instants, length=st.integers(0, 10 * 86_400), cut=st.integers(0, 10 * 86_400))
def test_a_window_cut_in_two_loses_no_time(start: datetime, length: int, cut: int):
    whole = Window(start, start + timedelta(seconds=length))
    at = min(start + timedelta(seconds=cut), whole.end)
    left, right = Window(whole.start, at), Window(at, whole.end)
    assert left.length + right.length == whole.length
    assert left.overlap(right) == timedelta(0)
    if whole.length:
        assert whole.share_before(at) == Fraction(left.length // SECOND, length)
    covered = [each for each in hours(whole) if each.overlap(whole)]
    assert sum((each.overlap(whole) for each in covered), timedelta(0)) == whole.length
    assert sum((each.overlap(whole) for each in days(whole)), timedelta(0)) == whole.length


def test_the_share_of_a_window_before_a_time_lies_between_0_and_1():
    day = day_of(utc(2026, 11, 20, 5))
    shares = [day.share_before(at) for at in (
        utc(2026, 11, 19), utc(2026, 11, 20, 6), utc(2026, 11, 22))]  # fmt: skip
    assert shares == [0, Fraction(1, 4), 1]


def test_windows_need_a_zone_and_an_order():
    with pytest.raises(ValueError, match="time zone"):
        Window(datetime(2026, 1, 1), utc(2026, 1, 2))  # noqa: DTZ001
    with pytest.raises(ValueError, match="before it starts"):
        Window(utc(2026, 1, 2), utc(2026, 1, 1))


def test_hours_days_and_months_are_utc_whatever_the_zone_of_the_time():
    at = datetime(2026, 12, 1, 1, 30, tzinfo=BERLIN)  # half past midnight UTC
    assert hour_of(at) == Window(utc(2026, 12, 1), utc(2026, 12, 1, 1))
    assert day_of(at).start == midnight(date(2026, 12, 1)) == month_of(at).start


def test_a_month_has_its_own_hours_and_not_730():
    assert [hours_in_month(utc(2026, month, 5)) for month in (2, 11, 12)] == [672, 720, 744]
