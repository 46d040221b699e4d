"""What a scope has cost in a window, how far that is known, and what it would come to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from bursar.domain.alerts import Driver
from bursar.domain.money import Money
from bursar.domain.periods import DAY, HOUR, SECOND, Window, day_of, hour_of, midnight
from bursar.domain.quality import Quality

SOONEST_PROJECTION = Fraction(1, 20)  # a run rate over less than 5% of the window says nothing
_NONE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a forecast made after `day` expects of each UTC day that follows it."""

    day: date
    days: tuple[Money, ...]

    def between(self, window: Window) -> Money | None:
        """What the window should cost, days that it cuts by their share of time; None when the
        forecast does not reach over all of it."""
        first = midnight(self.day) + DAY
        if not window.length:
            return Money.zero()
        if window.start < first or window.end > first + len(self.days) * DAY:
            return None
        shares = [
            Fraction(day_of(first + n * DAY).overlap(window) // SECOND, DAY // SECOND)
            for n in range(len(self.days))
        ]
        return Money.sum(
            cost.times(share) for cost, share in zip(self.days, shares, strict=True) if share
        )


@dataclass(frozen=True, slots=True)
class Projection:
    """What a window would come to, and what says so: `forecast of 2026-11-20`, or `run rate`."""

    amount: Money
    source: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What a budget's scope has cost in its window up to `as_of`; `known` of that was seen."""

    spent: Money
    as_of: datetime
    known: timedelta
    quality: Quality
    drivers: tuple[Driver, ...] = ()
    runs: tuple[tuple[Money, timedelta], ...] = ()  # by source, where several: spent, known
    outlook: Outlook | None = None

    def unknown_hours(self, window: Window) -> int:
        """Whole hours between the window's start and `as_of` that nobody saw."""
        seen_to = max(self.as_of, window.start)
        return max(window.overlap(Window(window.start, seen_to)) - self.known, _NONE) // HOUR

    def projected(self, window: Window) -> Money | None:
        """The amount of `projection`."""
        return found.amount if (found := self.projection(window)) else None

    def projection(self, window: Window) -> Projection | None:
        """What was spent and the forecast of the rest; where none reaches so far, the run rate."""
        # costs are known by the hour; their time is a little before or after its end
        seen_to = max(hour_of(self.as_of + HOUR / 2).start, window.start)
        rest = Window(seen_to, max(seen_to, window.end))
        if self.outlook and (expected := self.outlook.between(rest)) is not None:
            return Projection(self.spent + expected, f"forecast of {self.outlook.day}")
        rate = self._run_rate(window)
        return Projection(rate, "run rate") if rate is not None else None

    def _run_rate(self, window: Window) -> Money | None:
        """Of each source by itself: a cluster that was seen for a day must not stretch what the
        others cost in twenty. One seen too little counts as what it cost.
        """
        runs = self.runs or ((self.spent, self.known),)
        rates = [run_rate(spent, window, known) for spent, known in runs]
        if all(rate is None for rate in rates):
            return None
        return Money.sum(
            spent if rate is None else rate for rate, (spent, _) in zip(rates, runs, strict=True)
        )


def run_rate(spent: Money, window: Window, known: timedelta) -> Money | None:
    """The window's total if all of it goes on like the part that was seen.

    None before 5% of the window was seen. $300 in 3 known days of 30 project to $3,000.
    """
    share = Fraction(known // SECOND, window.length // SECOND)
    return spent.times(1 / share) if share >= SOONEST_PROJECTION else None
