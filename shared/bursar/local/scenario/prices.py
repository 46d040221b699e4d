"""What things cost in the scenario's world, and since when.

List prices are AWS' own, except for the one that changes; spot prices are made up.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from bursar.domain.money import Money
from bursar.domain.spot import SpotPoint
from bursar.local.scenario.calendar import DAY, HOUR, Calendar, instant
from bursar.local.scenario.list_prices import ON_DEMAND
from bursar.local.scenario.machines import REGION, ZONES
from bursar.local.scenario.price_items import listed_items

CHANGED_TYPE = "g6.xlarge"
CHANGED_PRICE = Decimal("0.7848")

_SPOT_SHARE = {"g5.12xlarge": 0.41, "p4d.24xlarge": 0.48}
_USUAL_SPOT_SHARE = 0.38
_SPOT_CHANGES_HOURS = (2, 6)  # the least and the most between two changes

Step = tuple[int, Decimal]  # since when (epoch seconds), USD an hour


@dataclass(frozen=True)
class ScenarioPrices:
    """The prices of one scenario."""

    seed: int | str
    calendar: Calendar

    def on_demand_steps(self, instance_type: str) -> list[Step]:
        """The list prices of a type: each holds until the next one's time.

        Raises:
            LookupError: the scenario does not price the type.
        """
        steps = [(0, ON_DEMAND[instance_type])]
        if instance_type == CHANGED_TYPE:
            steps.append((int(self.calendar.price_change_at.timestamp()), CHANGED_PRICE))
        return steps

    def on_demand(self, instance_type: str, at: datetime) -> Decimal:
        return _in_force(self.on_demand_steps(instance_type), int(at.timestamp()))

    def spot_price(self, instance_type: str, zone: str, at: datetime) -> Decimal:
        """The spot price in force; it changes every few hours, at whole hours."""
        second = int(at.timestamp())
        return _in_force(self.spot_steps(instance_type, zone, second, second + 1), second)

    def spot_steps(self, instance_type: str, zone: str, start: int, end: int) -> list[Step]:
        """The spot prices of [start, end): the one in force at its start, then each change."""
        steps: list[Step] = []
        for day in range(start // DAY - 1, (end - 1) // DAY + 1):
            for step in _spot_day(self.seed, instance_type, zone, day):
                if step[0] <= start:
                    steps = [step]
                elif step[0] < end:
                    steps.append(step)
        return steps

    def spot_points(
        self, instance_types: Collection[str], start: datetime, end: datetime
    ) -> Iterator[SpotPoint]:
        """The steps of each type and zone, as EC2's history tells them."""
        since, until = int(start.timestamp()), int(end.timestamp())
        for instance_type in sorted(set(instance_types) & ON_DEMAND.keys()):
            for zone in ZONES:
                for at, usd in self.spot_steps(instance_type, zone, since, until):
                    yield SpotPoint(instance_type, zone, instant(at), Money.of(usd))

    def price_list_items(self, at: datetime) -> list[dict[str, Any]]:
        """The AWS Price List at a time, as GetProducts answers it, in no helpful order."""
        changed = at >= self.calendar.price_change_at
        since = min(self.calendar.start, datetime(2026, 7, 1, tzinfo=UTC)).replace(day=1)
        items = listed_items(
            {name: self.on_demand(name, at) for name in ON_DEMAND},
            since=since,
            since_of={CHANGED_TYPE: self.calendar.price_change_at} if changed else {},
        )
        random.Random(f"{self.seed}/{REGION}/price list").shuffle(items)
        return items


def _in_force(steps: list[Step], at: int) -> Decimal:
    return next(usd for since, usd in reversed(steps) if since <= at)


@lru_cache(maxsize=8192)
def _spot_day(seed: int | str, instance_type: str, zone: str, day: int) -> tuple[Step, ...]:
    """The changes of one UTC day; each day has one, so no day needs more than the day before."""
    random_of = random.Random(f"{seed}/spot/{instance_type}/{zone}/{day}")
    share = _SPOT_SHARE.get(instance_type, _USUAL_SPOT_SHARE)
    share *= 1 + 0.06 * (ZONES.index(zone) if zone in ZONES else 3)
    steps = []
    hour = random_of.randrange(0, 4)
    while hour < 24:
        wave = random_of.uniform(-0.08, 0.08) + (0.07 if 13 <= hour < 22 else 0.0)
        usd = ON_DEMAND[instance_type] * Decimal(str(round(share * (1 + wave), 6)))
        steps.append((day * DAY + hour * HOUR, usd.quantize(Decimal("0.0001"))))
        hour += random_of.randint(*_SPOT_CHANGES_HOURS)
    return tuple(steps)
