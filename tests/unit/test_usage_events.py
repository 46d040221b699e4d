"""The batch that SQS hands over, and the answer that names what is to come again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from bursar.events.usage import UsageBatch, batch_response

QUEUE = "arn:aws:sqs:eu-west-1:111122223333:bursar-usage-gateway"


def message(id_: str, queue: str = QUEUE) -> dict[str, Any]:
    """As the Lambda event source delivers it, where SentTimestamp is text."""
    return {
        "messageId": id_,
        "receiptHandle": "AQEB",
        "body": '{"id": "1"}',
        "attributes": {"SentTimestamp": "1795176000250", "ApproximateReceiveCount": "3"},
        "eventSource": "aws:sqs",
        "eventSourceARN": queue,
    }


def test_messages_come_with_the_time_that_they_were_sent() -> None:
    batch = UsageBatch.model_validate({"Records": [message("a"), message("b")]})
    assert [(each.id, each.body) for each in batch.messages] == [
        ("a", '{"id": "1"}'),
        ("b", '{"id": "1"}'),
    ]
    assert batch.messages[0].sent_at == datetime.fromtimestamp(1_795_176_000.25, UTC)
    assert batch.queue_arn == QUEUE


@pytest.mark.parametrize(
    "records", [[], [{"messageId": "a"}], [message("a"), message("b", QUEUE + "-2")]]
)
def test_a_batch_of_nothing_or_of_two_queues_is_refused(records: list[Any]) -> None:
    with pytest.raises(ValidationError):
        UsageBatch.model_validate({"Records": records})


def test_the_answer_names_the_failed_messages_alone() -> None:
    assert batch_response(("b",)) == {"batchItemFailures": [{"itemIdentifier": "b"}]}
    assert batch_response(()) == {"batchItemFailures": []}
