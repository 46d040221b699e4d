"""How many stops there may be without a person: those of 5% of tenants within 24 hours.

One count, changed only as it was read: two runs never take the last place both.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict

ROLLING = timedelta(hours=24)
PERCENT_OF_TENANTS = 5


class Counted(BaseModel):
    model_config = ConfigDict(frozen=True)

    stop: str
    at: AwareDatetime


class StopCount(BaseModel):
    """The stops that became active lately; `version` counts the writes."""

    model_config = ConfigDict(frozen=True)

    version: int = 0
    counted: tuple[Counted, ...] = ()

    def lately(self, at: datetime) -> int:
        """A stop that was taken back since counts too: whoever wavers stops just as often."""
        return sum(at - each.at < ROLLING for each in self.counted)

    def with_(self, stop_id: str, at: datetime) -> StopCount:
        """The next version, in which that stop counts, once."""
        kept = [each for each in self.counted if at - each.at < ROLLING and each.stop != stop_id]
        counted = (*kept, Counted(stop=stop_id, at=at))
        return StopCount(version=self.version + 1, counted=counted)


def most_alone(tenants: int) -> int:
    """5% of the tenants, rounded down, and at least 1: 1 of 39, 2 of 40."""
    return max(1, tenants * PERCENT_OF_TENANTS // 100)
