"""What people said to expect: such a pattern is not told again."""

from __future__ import annotations

from collections.abc import Iterable

from bursar.domain.anomaly_events.deviations import Deviation
from bursar.domain.anomaly_events.events import AnomalyEvent, Reading
from bursar.domain.series.names import Grain

_LARGER = 1.5  # times the largest that was said to be expected
_NO_WEEKDAY = 4  # days: what goes on for longer is no matter of weekdays
_AROUND = 1  # day of the month, hour of the day


def is_quieted(deviation: Deviation, patterns: Iterable[AnomalyEvent]) -> bool:
    """True when it is like one that a person said to expect: the same series and direction, no
    more than half as large again, and at a like time. That is, of days the same weekdays, or days
    of the month at most one apart (an event of more than four days is at no certain time); of
    hours the same hours of the day, at most one apart.
    """
    return any(
        pattern.series == deviation.series
        and pattern.grain is deviation.grain
        and pattern.direction is deviation.direction
        and abs(deviation.peak.units) <= _LARGER * abs(pattern.peak.units)
        and _is_at_like_time(deviation, pattern)
        for pattern in patterns
    )


def _is_at_like_time(deviation: Deviation, pattern: AnomalyEvent) -> bool:
    was = [each for each in pattern.readings if each.is_off]
    if pattern.grain is Grain.DAY and len(was) > _NO_WEEKDAY:
        return True
    return all(any(_are_alike(now, each, pattern.grain) for each in was) for now in deviation.off)


def _are_alike(one: Reading, other: Reading, grain: Grain) -> bool:
    if grain is Grain.HOUR:
        apart = abs(one.at.hour - other.at.hour)
        return min(apart, 24 - apart) <= _AROUND
    return one.at.weekday() == other.at.weekday() or abs(one.at.day - other.at.day) <= _AROUND
