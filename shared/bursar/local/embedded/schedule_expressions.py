"""`cron(...)`, `rate(...)` and `at(...)` as EventBridge Scheduler reads them."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: n for n, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_UNITS = {"minute": "minutes", "hour": "hours", "day": "days"}


class ScheduleExpressionError(ValueError):
    """The expression is not one that EventBridge Scheduler accepts."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Every so long from the moment the schedule was created."""

    every: timedelta

    def firings(self, start: datetime, end: datetime, created: datetime) -> Iterator[datetime]:
        periods = max(0, -((created - start) // self.every))
        due = created + periods * self.every
        while due < end:
            if due >= start:
                yield due
            due += self.every


@dataclass(frozen=True, slots=True)
class At:
    """Once."""

    moment: datetime

    def firings(self, start: datetime, end: datetime, created: datetime) -> Iterator[datetime]:
        if max(start, created) <= self.moment < end:
            yield self.moment


@dataclass(frozen=True, slots=True)
class Cron:
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int] | None
    months: frozenset[int]
    weekdays: frozenset[int] | None
    years: frozenset[int]
    zone: ZoneInfo

    def firings(self, start: datetime, end: datetime, created: datetime) -> Iterator[datetime]:
        start = max(start, created)
        day = start.astimezone(self.zone).date()
        last = end.astimezone(self.zone).date()
        while day <= last:
            if self._on(day):
                for due in self._of(day):
                    if start <= due < end:
                        yield due
            day += timedelta(days=1)

    def _on(self, day: date) -> bool:
        if day.year not in self.years or day.month not in self.months:
            return False
        if self.days is not None:
            return day.day in self.days
        return self.weekdays is None or day.isoweekday() % 7 + 1 in self.weekdays

    def _of(self, day: date) -> list[datetime]:
        """The day's firings in UTC. A local time that the clock skips or repeats fires once."""
        local = (
            datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone)
            for hour in self.hours
            for minute in self.minutes
        )
        return sorted({moment.astimezone(UTC) for moment in local})


Expression = Rate | At | Cron


def parse(expression: str, time_zone: str = "UTC") -> Expression:
    """Read a schedule expression.

    Raises:
        ScheduleExpressionError: it is not one.
    """
    match = re.fullmatch(r"(cron|rate|at)\((.*)\)", expression.strip())
    if match is None:
        raise ScheduleExpressionError(f"{expression!r} is no cron(), rate() or at()")
    kind, text = match.groups()
    zone = ZoneInfo(time_zone)
    try:
        if kind == "rate":
            return _rate(text)
        if kind == "at":
            return At(datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC))
        return _cron(text, zone)
    except ValueError as error:
        raise ScheduleExpressionError(f"{expression!r}: {error}") from error


def _rate(text: str) -> Rate:
    match = re.fullmatch(r"([1-9]\d*) (minute|hour|day)s?", text.strip())
    if match is None:
        raise ValueError("not a number and a unit")
    return Rate(timedelta(**{_UNITS[match[2]]: int(match[1])}))


def _cron(text: str, zone: ZoneInfo) -> Cron:
    fields = text.split()
    if len(fields) != 6:
        raise ValueError("cron has six fields")
    minutes, hours, days, months, weekdays, years = fields
    if (days == "?") == (weekdays == "?"):
        raise ValueError("exactly one of day-of-month and day-of-week must be '?'")
    return Cron(
        minutes=_field(minutes, 0, 59),
        hours=_field(hours, 0, 23),
        days=None if days == "?" else _field(days, 1, 31),
        months=_field(months, 1, 12, _MONTHS),
        weekdays=None if weekdays == "?" else _field(weekdays, 1, 7, _DAYS),
        years=_field(years, 1970, 2199),
        zone=zone,
    )


def _field(text: str, low: int, high: int, names: dict[str, int] | None = None) -> frozenset[int]:
    return frozenset(
        value for part in text.split(",") for value in _part(part, low, high, names or {})
    )


def _part(text: str, low: int, high: int, names: dict[str, int]) -> range:
    span, slash, step_text = text.partition("/")
    step = _number(step_text, 1, high, {}) if slash else 1
    if span == "*":
        return range(low, high + 1, step)
    first_text, dash, last_text = span.partition("-")
    first = _number(first_text, low, high, names)
    if dash:
        last = _number(last_text, low, high, names)
        if last < first:
            raise ValueError(f"{span!r} runs backwards")
        return range(first, last + 1, step)
    return range(first, high + 1, step) if slash else range(first, first + 1)


def _number(text: str, low: int, high: int, names: dict[str, int]) -> int:
    value = names.get(text.upper(), -1)
    if value < 0:
        if not text.isdecimal():
            raise ValueError(f"{text!r} is not understood")
        value = int(text)
    if not low <= value <= high:
        raise ValueError(f"{text!r} is not within {low} to {high}")
    return value
