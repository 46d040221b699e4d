"""Runs that read prices."""

from __future__ import annotations

from enum import StrEnum

from bursar.events.runs import ScheduledRun


class PriceBookPart(StrEnum):
    LIST = "list"
    SPOT = "spot"


class PriceRun(ScheduledRun):
    part: PriceBookPart
