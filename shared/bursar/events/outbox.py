"""New outbox rows: a batch of the table's stream, or the hourly sweep."""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, Field, Json

from bursar.domain.alerts import OutboxRow
from bursar.events import Event
from bursar.events.runs import ScheduledRun


class _Text(Event):
    text: str = Field(alias="S")


class _JsonRow(Event):
    row: Json[OutboxRow] = Field(alias="S")


class _Keys(Event):
    pk: _Text


class _Image(Event):
    json_: _JsonRow = Field(alias="json")


class _Change(Event):
    keys: _Keys = Field(alias="Keys")
    new_image: dict[str, Any] = Field(alias="NewImage", default={})


class _Record(Event):
    """One change of the table; only a new outbox row is of a shape that we know."""

    kind: str = Field(alias="eventName")
    change: _Change = Field(alias="dynamodb")

    @property
    def is_new_message(self) -> bool:
        return self.kind == "INSERT" and self.change.keys.pk.text.startswith("OUTBOX#")


class _Batch(Event):
    records: tuple[_Record, ...] = Field(alias="Records")


class OutboxRun(Event):
    """`rows` from a stream batch, or the time of a sweep, which looks for what is unsent."""

    sweep_at: AwareDatetime | None = None
    rows: tuple[OutboxRow, ...] = ()

    @classmethod
    def parse(cls, event: dict[str, Any]) -> OutboxRun:
        """Read a DynamoDB stream batch or a scheduled run.

        Raises:
            pydantic.ValidationError: it is neither.
        """
        if "Records" not in event:
            return cls(sweep_at=ScheduledRun.model_validate(event).scheduled_at)
        new = [each for each in _Batch.model_validate(event).records if each.is_new_message]
        images = (_Image.model_validate(each.change.new_image) for each in new)
        return cls(rows=tuple(image.json_.row for image in images))
