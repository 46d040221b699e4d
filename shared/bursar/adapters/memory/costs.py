"""Closed hours and days in memory, kept as the bytes that the real store keeps."""

from __future__ import annotations

from collections.abc import Sequence

from bursar.adapters import cost_codec
from bursar.domain.cluster.hours import HourCosts, add_up
from bursar.domain.periods import Window, day_of, days

_Stored = tuple[str, list[bytes]]
_Place = tuple[str, Window]  # cluster, and the day


class MemoryCostHistory:
    def __init__(self) -> None:
        self._hours: dict[_Place, dict[Window, _Stored]] = {}  # by the day that they lie in
        self._days: dict[_Place, HourCosts | None] = {}  # None: to be summed when it is asked for

    def put_hour(self, costs: HourCosts) -> None:
        place = costs.cluster, day_of(costs.window.start)
        self._hours.setdefault(place, {})[costs.window] = cost_codec.encode(costs)
        self._days[place] = None

    def hours(self, cluster: str, window: Window) -> Sequence[HourCosts]:
        return [
            cost_codec.decode(*stored)
            for day in days(window)
            for hour, stored in sorted(self._hours.get((cluster, day), {}).items())
            if hour.overlap(window)
        ]

    def days(self, cluster: str, window: Window) -> Sequence[HourCosts]:
        places = ((cluster, day) for day in days(window) if day.overlap(window))
        return [self._day(place) for place in places if place in self._days]

    def _day(self, place: _Place) -> HourCosts:
        cluster, day = place
        summed = self._days[place]
        if summed is None:
            stored = cost_codec.encode(add_up(day, self.hours(cluster, day)))
            summed = self._days[place] = cost_codec.decode(*stored)
        return summed
