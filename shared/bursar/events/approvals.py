"""What the workflow of an exception tells the functions that it runs, and runs of the audit."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, ConfigDict, Field

from bursar.domain.governance.changes import TaskToken
from bursar.events import Event
from bursar.events.runs import ScheduledRun


class TierRun(Event):
    """A tier of one version. `at` is when the workflow came to it: a retry tells the same."""

    # a token must not be told by what says that an event is wrong
    model_config = ConfigDict(hide_input_in_errors=True)

    exception: str
    version: int
    tier: str
    at: AwareDatetime


class AskRun(TierRun):
    token: str = Field(repr=False, min_length=1)

    @property
    def task(self) -> TaskToken:
        return TaskToken(self.exception, self.version, self.tier, self.token)


class AuditPart(StrEnum):
    CHAIN = "chain"
    ANCHOR = "anchor"  # the head too, where nobody can change it


class _ScheduledAudit(ScheduledRun):
    part: AuditPart


class AuditRun(Event):
    """`anchor_at` is the hour for which the head is anchored, too; intents were written where
    there is none."""

    anchor_at: AwareDatetime | None = None

    @classmethod
    def parse(cls, event: dict[str, Any]) -> AuditRun:
        """Read a batch of the table's stream, whose records are not looked at, or a schedule.

        Raises:
            pydantic.ValidationError: it is neither.
        """
        if "Records" in event:
            return cls()
        run = _ScheduledAudit.model_validate(event)
        return cls(anchor_at=run.scheduled_at if run.part is AuditPart.ANCHOR else None)
