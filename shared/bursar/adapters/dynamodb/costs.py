"""Closed hours and days of clusters.

An hour is `CLUSTER#id` / `HOUR#2026-11-20T13` (header) and `...#000` (chunks); a day is
`ROLL#DAY#id` / `2026-11-20` likewise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from bursar.adapters import cost_codec
from bursar.adapters.dynamodb.summed_days import Codec, SummedDays
from bursar.domain.cluster.hours import HourCosts, add_up
from bursar.domain.periods import Window

_CODEC = Codec(
    encode=cost_codec.encode,
    decode=cost_codec.decode,
    add_up=add_up,
    hours_are_kept=timedelta(days=70),  # a quarter's edge and a late look; days for good
)


class DynamoCostHistory:
    def __init__(self, table: Any) -> None:
        self._table = table

    def put_hour(self, costs: HourCosts) -> None:
        self._of(costs.cluster).put_hour(costs)

    def load(self, hours: Iterable[HourCosts], hours_from: datetime) -> None:
        """Write days in bulk, and of the latest their hours too: see `SummedDays.load`."""
        by_cluster: dict[str, list[HourCosts]] = defaultdict(list)
        for hour in hours:
            by_cluster[hour.cluster].append(hour)
        for cluster, of_it in by_cluster.items():
            self._of(cluster).load(of_it, hours_from)

    def hours(self, cluster: str, window: Window) -> Sequence[HourCosts]:
        return self._of(cluster).hours(window)

    def days(self, cluster: str, window: Window) -> Sequence[HourCosts]:
        return self._of(cluster).days(window)

    def _of(self, cluster: str) -> SummedDays[HourCosts]:
        hours, days = f"CLUSTER#{cluster}", f"ROLL#DAY#{cluster}"
        return SummedDays(cluster, self._table, _CODEC, hours, days, hour_prefix="HOUR#")
