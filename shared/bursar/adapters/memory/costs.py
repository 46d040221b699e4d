"""Closed hours and days in memory, kept as the bytes that the real store keeps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bursar.adapters import cost_codec
from bursar.domain.cluster.hours import HourCosts, add_up
from bursar.domain.periods import Window, day_of

_Stored = tuple[str, list[bytes]]
_Place = tuple[str, Window]  # cluster, and the hour or day


class MemoryCostHistory:
    def __init__(self) -> None:
        self._hours: dict[_Place, _Stored] = {}
        self._days: dict[_Place, _Stored | None] = {}  # None: to be summed when it is asked for

    def put_hour(self, costs: HourCosts) -> None:
        self._hours[costs.cluster, costs.window] = cost_codec.encode(costs)
        self._days[costs.cluster, day_of(costs.window.start)] = None

    def hours(self, cluster: str, window: Window) -> Sequence[HourCosts]:
        places = _touching(self._hours, cluster, window)
        return [cost_codec.decode(*self._hours[place]) for place in places]

    def days(self, cluster: str, window: Window) -> Sequence[HourCosts]:
        return [self._day(place) for place in _touching(self._days, cluster, window)]

    def _day(self, place: _Place) -> HourCosts:
        cluster, day = place
        stored = self._days[place] or cost_codec.encode(add_up(day, self.hours(cluster, day)))
        self._days[place] = stored
        return cost_codec.decode(*stored)


def _touching(places: Iterable[_Place], cluster: str, window: Window) -> list[_Place]:
    return sorted(each for each in places if each[0] == cluster and each[1].overlap(window))
