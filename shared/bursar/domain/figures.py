"""What a scope has cost in a window, how far that is known, and what it would come to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from bursar.domain.alerts import Driver
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, SECOND, Window
from bursar.domain.quality import Quality

SOONEST_PROJECTION = Fraction(1, 20)  # a run rate over less than 5% of the window says nothing
_NONE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a budget's scope has cost in its window up to `as_of`; `known` of that was seen."""

    spent: Money
    as_of: datetime
    known: timedelta
    quality: Quality
    drivers: tuple[Driver, ...] = ()
    runs: tuple[tuple[Money, timedelta], ...] = ()  # by source, where several: spent, known

    def unknown_hours(self, window: Window) -> int:
        """Whole hours between the window's start and `as_of` that nobody saw."""
        seen_to = max(self.as_of, window.start)
        return max(window.overlap(Window(window.start, seen_to)) - self.known, _NONE) // HOUR

    def projected(self, window: Window) -> Money | None:
        """The run rate, of each source by itself: a cluster that was seen for a day must not
        stretch what the others cost in twenty. One seen too little counts as what it cost.
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
