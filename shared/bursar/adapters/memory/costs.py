"""Closed hours and days in memory, kept as the bytes that the real store keeps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bursar.adapters import cost_codec
from bursar.domain.cluster.hours import HourCosts, add_up
from bursar.domain.periods import Window, day_of

_Stored = tuple[str, list[bytes]]


class MemoryCostHistory:
    def __init__(self) -> None:
        self._hours: dict[tuple[str, datetime], _Stored] = {}
        self._days: dict[tuple[str, datetime], _Stored] = {}

    def put_hour(self, costs: HourCosts) -> None:
        self._hours[costs.cluster, costs.window.start] = cost_codec.encode(costs)
        day = day_of(costs.window.start)
        total = add_up(day, self.hours(costs.cluster, day))
        self._days[costs.cluster, day.start] = cost_codec.encode(total)

    def hours(self, cluster: str, window: Window) -> Sequence[HourCosts]:
        return _touching(self._hours, cluster, window)

    def days(self, cluster: str, window: Window) -> Sequence[HourCosts]:
        return _touching(self._days, cluster, window)


def _touching(
    stored: dict[tuple[str, datetime], _Stored], cluster: str, window: Window
) -> list[HourCosts]:
    all_of_it = (cost_codec.decode(*stored[key]) for key in sorted(stored) if key[0] == cluster)
    return [each for each in all_of_it if each.window.overlap(window)]
