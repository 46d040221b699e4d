"""When things happen in the scenario. All times are whole seconds since the epoch, in UTC."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MINUTE = 60
HOUR = 3600
DAY = 86_400
FOREVER = 2**40  # an end that does not come

_WARM_UP_DAYS = 1  # so that the clusters are already running at the start
_ENCORE_DAYS = 7  # so that a demo may go on after its last day
_RUNAWAY = timedelta(hours=2, minutes=7)
_GROWTH_PER_DAY = 1.006
_WEEKEND = 0.55
_QUIET_HOUR = 3  # UTC: the curve's lowest point
_NIGHT = 0.12  # of the daily peak


@dataclass(frozen=True, slots=True)
class Calendar:
    """The span of a scenario; its day 1 is the UTC day of `start`."""

    start: datetime
    days: int

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise ValueError("the scenario's start needs a time zone")
        if self.start.astimezone(UTC).timestamp() % DAY:
            raise ValueError("the scenario starts at midnight UTC")
        if self.days < 3:
            raise ValueError("the runaway begins three days before the end: give 3 days or more")

    @property
    def origin(self) -> int:
        return int(self.start.timestamp())

    @property
    def end(self) -> int:
        return self.origin + self.days * DAY

    @property
    def first(self) -> int:
        """The earliest second that has lives in it."""
        return self.origin - _WARM_UP_DAYS * DAY

    @property
    def last(self) -> int:
        """Lives are planned up to here; later only what never ends is left."""
        return self.end + _ENCORE_DAYS * DAY

    @property
    def runaway_at(self) -> datetime:
        """02:07 on the first of the last three days."""
        return self.start.astimezone(UTC) + timedelta(days=self.days - 3) + _RUNAWAY

    @property
    def price_change_at(self) -> datetime:
        """The first midnight after the runaway began."""
        return self.start.astimezone(UTC) + timedelta(days=self.days - 2)

    def midnights(self) -> range:
        return range(self.first, self.last, DAY)

    def load(self, at: int) -> float:
        """Demand at a time: about 1 at the daily peak of the first weekday.

        A cosine over the day, lower at weekends, growing by 0.6% a day.
        """
        since_quiet = (at - _QUIET_HOUR * HOUR) % DAY / DAY
        daily = _NIGHT + (1 - _NIGHT) * 0.5 * (1 - math.cos(2 * math.pi * since_quiet))
        weekly = _WEEKEND if is_weekend(at) else 1.0
        return float(daily * weekly * _GROWTH_PER_DAY ** ((at - self.origin) / DAY))


def is_weekend(at: int) -> bool:
    return (at // DAY + 3) % 7 >= 5  # the epoch began on a Thursday


def instant(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)
