"""Spot prices by zone: a step function of time, averaged over the time it really held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bursar.domain.money import Money


@dataclass(frozen=True, slots=True)
class SpotPoint:
    """From `at` on, an instance-hour of the type costs `usd` in the zone."""

    instance_type: str
    zone: str
    at: datetime
    usd: Money
