"""A history of spot prices, written down beforehand."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from bursar.domain.periods import Window
from bursar.domain.spot import SpotPoint, by_zone


class MemorySpotHistory:
    """As EC2 does: the points of the window, and of each zone the one before it."""

    def __init__(self, points: Iterable[SpotPoint]) -> None:
        self._zones = by_zone(points)

    def points(
        self, region: str, instance_types: Collection[str], window: Window
    ) -> Iterator[SpotPoint]:
        for (instance_type, zone), steps in self._zones.items():
            if instance_type in instance_types and zone.startswith(region):
                first_inside = bisect_right(steps, window.start, key=_time)
                after = bisect_left(steps, window.end, key=_time)
                yield from steps[max(first_inside - 1, 0) : after]


def _time(point: SpotPoint) -> datetime:
    return point.at
