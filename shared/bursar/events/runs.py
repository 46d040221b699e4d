"""Scheduled runs, and runs that follow another function's success."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from pydantic import AwareDatetime

from bursar.domain.periods import Window, hour_of
from bursar.events import Event


class ScheduledRun(Event):
    """EventBridge Scheduler fills in `scheduled_at`."""

    schema_version: Literal[1] = 1
    scheduled_at: AwareDatetime

    @property
    def last_complete_day(self) -> date:
        return (self.scheduled_at - timedelta(days=1)).date()


class ClusterRun(ScheduledRun):
    cluster: str

    @property
    def last_complete_hour(self) -> Window:
        return hour_of(self.scheduled_at - timedelta(hours=1))


class PriceBookPart(StrEnum):
    LIST = "list"
    SPOT = "spot"


class PriceRun(ScheduledRun):
    part: PriceBookPart


class FollowUpRun(Event):
    """What a Lambda on-success destination delivers: the request of the run that succeeded."""

    request: ScheduledRun

    def __init__(self, **data: Any) -> None:
        super().__init__(request=data.get("requestPayload", data.get("request")))

    @property
    def scheduled_at(self) -> datetime:
        return self.request.scheduled_at
