"""Runs that EventBridge Scheduler starts."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime

from bursar.domain.periods import Window, hour_of
from bursar.events import Event


class ScheduledRun(Event):
    """EventBridge Scheduler fills in `scheduled_at`; a person's own offset becomes UTC."""

    schema_version: Literal[1] = 1
    scheduled_at: Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))]

    @property
    def last_complete_day(self) -> date:
        return (self.scheduled_at - timedelta(days=1)).date()

    @property
    def last_complete_hour(self) -> Window:
        return hour_of(self.scheduled_at - timedelta(hours=1))


class ClusterRun(ScheduledRun):
    cluster: str
