"""Usage as its queue delivers it: messages of one producer, each with its own sending time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field, field_validator

from bursar.events import Event

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Attributes(Event):
    sent_ms: int = Field(alias="SentTimestamp")


class UsageMessage(Event):
    """`sent_at` is the same at each delivery of a message, so a retry decides as the first did."""

    id: str = Field(alias="messageId")
    body: str
    queue_arn: str = Field(alias="eventSourceARN")
    attributes: _Attributes

    @property
    def sent_at(self) -> datetime:
        return _EPOCH + timedelta(milliseconds=self.attributes.sent_ms)


class UsageBatch(Event):
    """One invocation's messages. An event source mapping reads one queue: one producer's."""

    messages: tuple[UsageMessage, ...] = Field(alias="Records", min_length=1)

    @field_validator("messages")
    @classmethod
    def _of_one_queue(cls, messages: tuple[UsageMessage, ...]) -> tuple[UsageMessage, ...]:
        if len({message.queue_arn for message in messages}) > 1:
            raise ValueError("messages of more than one queue")
        return messages

    @property
    def queue_arn(self) -> str:
        """It says whose the messages are: each producer has a queue of its own."""
        return self.messages[0].queue_arn


def batch_response(failed: tuple[str, ...]) -> dict[str, Any]:
    """What tells SQS to deliver only these messages again (ReportBatchItemFailures)."""
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
