"""Windows of time: half-open, aware, and in UTC unless a budget's own time zone says otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from fractions import Fraction
from zoneinfo import ZoneInfo

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class ForgottenHoursError(Exception):
    """A day cannot be summed again: hours of it are kept no more. Nothing was written."""


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """[start, end): `start` belongs to it, `end` to the next one."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a window's ends need a time zone")
        if self.end < self.start:
            raise ValueError("a window cannot end before it starts")

    @property
    def length(self) -> timedelta:
        return self.end.astimezone(UTC) - self.start.astimezone(UTC)

    def overlap(self, other: Window) -> timedelta:
        start, end = max(self.start, other.start), min(self.end, other.end)
        return max(end.astimezone(UTC) - start.astimezone(UTC), timedelta(0))

    def share_before(self, at: datetime) -> Fraction:
        """How much of the window lies before `at`: 0 to 1."""
        gone = min(max(at, self.start), self.end).astimezone(UTC) - self.start.astimezone(UTC)
        return Fraction(gone // SECOND, self.length // SECOND) if self.length else Fraction(1)


class Period(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


def window_of(period: Period, at: datetime, zone: ZoneInfo, *, first_month: int = 1) -> Window:
    """The window of a budget that holds `at`, in the budget's own time zone.

    Weeks start on Monday. Quarters and years start in `first_month` (a fiscal year
    that begins in April has `first_month=4`). Days last 23, 24 or 25 hours.
    """
    local = at.astimezone(zone).date()
    match period:
        case Period.DAY:
            first, after = local, local + DAY
        case Period.WEEK:
            first = local - timedelta(days=local.weekday())
            after = first + timedelta(days=7)
        case Period.MONTH | Period.QUARTER | Period.YEAR:
            months = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}[period]
            since = (local.month - first_month) % months
            first = add_months(local.replace(day=1), -since)
            after = add_months(first, months)
    return Window(midnight(first, zone), midnight(after, zone))


def add_months(first_of_month: date, months: int) -> date:
    years, month = divmod(first_of_month.year * 12 + first_of_month.month - 1 + months, 12)
    return date(years, month + 1, 1)


def midnight(day: date, zone: ZoneInfo | None = None) -> datetime:
    """The first instant of a day, in UTC: what windows are compared and stored in."""
    return datetime.combine(day, time(0), tzinfo=zone or UTC).astimezone(UTC)


def hour_of(at: datetime) -> Window:
    start = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return Window(start, start + HOUR)


def day_of(at: datetime) -> Window:
    start = midnight(at.astimezone(UTC).date())
    return Window(start, start + DAY)


def month_of(at: datetime) -> Window:
    first = at.astimezone(UTC).date().replace(day=1)
    return Window(midnight(first), midnight(add_months(first, 1)))


def month_window(name: str) -> Window:
    """The UTC month of `2026-11`.

    Raises:
        ValueError: the text is not a year and a month.
    """
    try:
        first = datetime.strptime(name, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(f"{name!r} is not a month, such as 2026-11") from None
    return month_of(first)


def hours_in_month(at: datetime) -> int:
    """672 to 744: the actual hours of the UTC month. 730 is for projections only."""
    return int(month_of(at).length / HOUR)


def hours(window: Window) -> Iterator[Window]:
    """The UTC hours that touch a window, in order."""
    at = hour_of(window.start)
    while at.start < window.end:
        yield at
        at = Window(at.end, at.end + HOUR)


def spans_of(hours: Iterable[datetime]) -> tuple[Window, ...]:
    """Full UTC hours as windows, in order; those that follow one another are one."""
    spans: list[Window] = []
    for hour in sorted(set(hours)):
        if spans and spans[-1].end == hour:
            spans[-1] = Window(spans[-1].start, hour + HOUR)
        else:
            spans.append(Window(hour, hour + HOUR))
    return tuple(spans)


def days(window: Window) -> Iterator[Window]:
    """The UTC days that touch a window, in order."""
    at = day_of(window.start)
    while at.start < window.end:
        yield at
        at = Window(at.end, at.end + DAY)
