"""A history of spot prices, written down beforehand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from bursar.domain.periods import Window
from bursar.domain.spot import SpotPoint, by_zone


class MemorySpotHistory:
    """As EC2 does: the points of the window, and of each zone the one before it."""

    def __init__(self, points: Iterable[SpotPoint]) -> None:
        self._points = tuple(points)

    def points(
        self, region: str, instance_types: Collection[str], window: Window
    ) -> Iterator[SpotPoint]:
        asked = (p for p in self._points if p.instance_type in instance_types)
        for steps in by_zone(p for p in asked if p.zone.startswith(region)).values():
            yield from [step for step in steps if step.at <= window.start][-1:]
            yield from (step for step in steps if window.start < step.at < window.end)
