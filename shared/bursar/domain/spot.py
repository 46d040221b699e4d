"""Spot prices by zone: a step function of time, averaged over the time it really held."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from bursar.domain.money import Money
from bursar.domain.periods import Window

_MICROSECOND = timedelta(microseconds=1)


class SpotUnavailableError(Exception):
    """The history of spot prices could not be asked."""


@dataclass(frozen=True, slots=True)
class SpotPoint:
    """From `at` on, an instance-hour of the type costs `usd` in the zone."""

    instance_type: str
    zone: str
    at: datetime
    usd: Money


@dataclass(frozen=True, slots=True)
class SpotRange:
    """What an instance-hour of a type cost in a zone during a window."""

    instance_type: str
    zone: str
    low: Money
    high: Money
    mean: Money  # time-weighted


def by_zone(points: Iterable[SpotPoint]) -> Mapping[tuple[str, str], list[SpotPoint]]:
    """The points of each (instance type, zone), oldest first."""
    groups: dict[tuple[str, str], list[SpotPoint]] = defaultdict(list)
    for point in points:
        groups[point.instance_type, point.zone].append(point)
    return {key: sorted(group, key=lambda p: p.at) for key, group in sorted(groups.items())}


def time_weighted_mean(points: Sequence[SpotPoint], window: Window) -> Money | None:
    """The mean price of one type in one zone over the part of the window that is known.

    A point before the window gives the price at its start. None when no point reaches in.
    """
    held = _held(points, window)
    whole = sum(length for _, length in held)
    if not whole:
        return None
    return Money.sum(price.times(length) for price, length in held).times(Fraction(1, whole))


def spot_range(points: Sequence[SpotPoint], window: Window) -> SpotRange | None:
    """Low, high and mean of one type in one zone; None when no point reaches into the window."""
    mean = time_weighted_mean(points, window)
    if mean is None:
        return None
    prices = [price for price, _ in _held(points, window)]
    first = points[0]
    return SpotRange(first.instance_type, first.zone, min(prices), max(prices), mean)


def _held(points: Sequence[SpotPoint], window: Window) -> list[tuple[Money, int]]:
    """Each price with how long it held within the window, in microseconds."""
    steps = sorted(points, key=lambda point: point.at)
    times = [*(point.at for point in steps), window.end]
    held = []
    for point, (start, end) in zip(steps, pairwise(times), strict=True):
        length = (min(end, window.end) - max(start, window.start)) // _MICROSECOND
        if length > 0:
            held.append((point.usd, length))
    return held
