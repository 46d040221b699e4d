"""New outbox rows: a batch of the table's stream, or the hourly sweep."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bursar.domain.alerts import OutboxRow
from bursar.events import Event
from bursar.events.runs import ScheduledRun


class OutboxRun(Event):
    """`rows` from a stream batch, or the time of a sweep, which looks for what is unsent."""

    sweep_at: datetime | None = None
    rows: tuple[OutboxRow, ...] = ()

    @classmethod
    def parse(cls, event: dict[str, Any]) -> OutboxRun:
        """Read a DynamoDB stream batch or a scheduled run.

        Raises:
            pydantic.ValidationError: it is neither.
        """
        if "Records" not in event:
            return cls(sweep_at=ScheduledRun.model_validate(event).scheduled_at)
        images = [
            record["dynamodb"]["NewImage"]
            for record in event["Records"]
            if record["eventName"] == "INSERT"
            and record["dynamodb"]["Keys"]["pk"]["S"].startswith("OUTBOX#")
        ]
        return cls(
            rows=tuple(OutboxRow.model_validate_json(image["json"]["S"]) for image in images)
        )
