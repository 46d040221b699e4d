"""One anomaly of one series, from its first period to its end."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict

from bursar.domain.alerts import alert_id
from bursar.domain.money import Money
from bursar.domain.periods import DAY, HOUR
from bursar.domain.series.names import Grain, SeriesName

MOST_READINGS = 60
MERGED_WITHIN = {Grain.DAY: 7 * DAY, Grain.HOUR: 24 * HOUR}
PERIOD = {Grain.DAY: DAY, Grain.HOUR: HOUR}


class Direction(StrEnum):
    UP = "up"
    DOWN = "down"


class State(StrEnum):
    """`expected`: a person said that this is how it should be; such a pattern stays quiet.

    `resolved`: it is over, or by now it is what is usual.
    """

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    EXPECTED = "expected"
    RESOLVED = "resolved"


class Reading(BaseModel):
    """A period, and what it should have cost: 95 of 100 should lie between `low` and `high`."""

    model_config = ConfigDict(frozen=True)

    at: AwareDatetime
    actual: Money
    expected: Money
    low: Money
    high: Money
    is_off: bool  # beyond what is usual, and in the event's direction

    @property
    def over(self) -> Money:
        return self.actual - self.expected


class Difference(BaseModel):
    """What one name of a dimension cost more (or less) than before the event, over its periods.

    Where its quantity is known (tokens), the difference is the sum of two effects: other prices
    for what is used now, and another quantity at the price of before.
    """

    model_config = ConfigDict(frozen=True)

    dimension: str
    name: str
    more: Money
    price_effect: Money | None = None
    volume_effect: Money | None = None

    def __str__(self) -> str:
        told = f"{self.dimension} {self.name}"
        if self.price_effect is None or self.volume_effect is None:
            return told
        return f"{told} ({self.volume_effect} by volume, {self.price_effect} by price)"


class AnomalyEvent(BaseModel):
    """`size` is what all its unusual periods cost beyond what was expected, `peak` the most that
    one of them did; both are negative where costs fell. `told_peak` is the peak when people were
    last told. `also` are other series that show the same money. `version` counts the writes.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    series: SeriesName
    grain: Grain
    direction: Direction
    started_at: AwareDatetime
    latest_at: AwareDatetime
    readings: tuple[Reading, ...]
    size: Money
    peak: Money
    drivers: tuple[Difference, ...] = ()
    also: tuple[str, ...] = ()
    state: State = State.OPEN
    said_by: str | None = None
    said_at: AwareDatetime | None = None
    ended: str | None = None
    told_peak: Money
    told_over: bool = False
    version: int = 1

    @property
    def latest(self) -> Reading:
        return self.readings[-1]

    @property
    def merges_until(self) -> datetime:
        """A deviation of the series that begins by then is still this event."""
        return self.latest_at + MERGED_WITHIN[self.grain]


def event_id(series: SeriesName, grain: Grain, started_at: datetime) -> str:
    """Follows from what it is of, so that a repeated run names it as the first did."""
    return alert_id("anomaly", series, grain, started_at.isoformat()).replace("BR-", "AN-")
