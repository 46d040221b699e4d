"""Runs that chain what was audited, and anchor the chain's head."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime

from bursar.events import Event
from bursar.events.runs import ScheduledRun


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
