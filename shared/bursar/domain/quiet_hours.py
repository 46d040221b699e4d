"""Hours of the day in which nobody is told what can wait until they end."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bursar.domain.alerts import Alert, Severity
from bursar.domain.budgets import ZoneName

# text: YAML reads a bare 22:00 as the number 1320, which as a time is 00:22
ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class QuietHours(BaseModel):
    """From one time of day until another, past midnight where that comes earlier."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    from_: ClockTime = Field(alias="from", description="the first minute that is quiet")
    to: ClockTime = Field(description="the first minute that is not")
    time_zone: ZoneName = "UTC"

    @model_validator(mode="after")
    def _ends(self) -> QuietHours:
        if self.from_ == self.to:
            raise ValueError("from and to are the same time: leave quiet_hours out instead")
        return self

    def hold(self, alert: Alert, at: datetime) -> bool:
        """Whether the alert waits; a critical one never does."""
        return alert.severity is not Severity.CRITICAL and self._are_on(at)

    def _are_on(self, at: datetime) -> bool:
        local = at.astimezone(ZoneInfo(self.time_zone)).time()
        first, after = time.fromisoformat(self.from_), time.fromisoformat(self.to)
        if first < after:
            return first <= local < after
        return local >= first or local < after
