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
    """What a forecast made after `day` expects of each UTC day that follows it. Their sum ends
    no more than `below` under that and no more than `above` over it 80 times of 100."""

    day: date
    days: tuple[Money, ...]
    below: Money | None = None
    above: Money | None = None

    @property
    def source(self) -> str:
        return f"forecast of {self.day}"

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

    def projection(self, spent: Money, as_of: datetime, window: Window) -> Projection | None:
        """What was spent and the forecast of the rest, with its interval where all of the
        forecast's days are of that rest; None where it does not reach so far."""
        # costs are known by the hour; their time is a little before or after its end
        seen_to = max(hour_of(as_of + HOUR / 2).start, window.start)
        rest = Window(seen_to, max(seen_to, window.end))
        if (expected := self.between(rest)) is None:
            return None
        amount = spent + expected
        whole = rest.length and rest.end == midnight(self.day) + (1 + len(self.days)) * DAY
        if not whole or self.below is None or self.above is None:
            return Projection(amount, self.source)
        low = amount - self.below
        if expected.units >= 0:
            low = max(low, spent)  # what is spent stays spent
        return Projection(amount, self.source, low, amount + self.above)


@dataclass(frozen=True, slots=True)
class Projection:
    """What a window would come to, and what says so: `forecast of 2026-11-20`, or `run rate`.
    80 of 100 such intervals hold what it costs; a run rate has none."""

    amount: Money
    source: str
    low80: Money | None = None
    high80: Money | None = None

    @property
    def interval(self) -> str:
        """`80% between $1 and $2`, or nothing."""
        if self.low80 is None or self.high80 is None:
            return ""
        return f"80% between {self.low80} and {self.high80}"


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
        if self.outlook and (found := self.outlook.projection(self.spent, self.as_of, window)):
            return found
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
