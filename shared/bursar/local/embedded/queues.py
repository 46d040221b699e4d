"""SQS queues that feed functions, as Lambda's event source mappings do."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from moto.sqs.models import sqs_backends

from bursar.local.embedded.clock import Clock
from bursar.local.embedded.functions import QueueMapping
from bursar.local.embedded.invocations import Invocations, Outcome

_AT_ONCE = 10  # what one ReceiveMessage may answer
_HELD_SECONDS = 900  # while a function has it, nobody else does
_NAMED_ONLY = "SentTimestamp", "ApproximateReceiveCount"

Message = dict[str, Any]


class QueuePoller:
    """One event source mapping. A message's SentTimestamp is the clock's when it was first seen:
    time does not pass here between sending and receiving."""

    def __init__(
        self,
        mapping: QueueMapping,
        invocations: Invocations,
        client: Callable[[str], Any],
        clock: Clock,
    ) -> None:
        self._mapping, self._invocations, self._clock = mapping, invocations, clock
        self._sqs = client("sqs")
        region, account, name = mapping.queue_arn.split(":")[3:]
        self._url = self._sqs.get_queue_url(QueueName=name)["QueueUrl"]
        self._queue = sqs_backends[account][region].get_queue(name)
        self._sent: dict[str, int] = {}

    def deliver(self) -> bool:
        """Deliver one batch of what waits. False: the queue is empty.

        A message that fails stands in the queue again at once, until the queue's redrive policy
        moves it away: a queue without one would be delivered for ever, as on AWS.
        """
        # moto is asked over HTTP only when something waits: most steps send nothing
        messages = self._receive() if self._queue.messages else []
        if not messages:
            return False
        outcome = self._invocations.invoke(
            self._mapping.function_arn, {"Records": [self._record(each) for each in messages]}
        )
        failed = self._failed(messages, outcome)
        for message in messages:
            if message["MessageId"] in failed:
                self._sqs.change_message_visibility(
                    QueueUrl=self._url,
                    ReceiptHandle=message["ReceiptHandle"],
                    VisibilityTimeout=0,
                )
            else:
                self._sqs.delete_message(
                    QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"]
                )
                self._sent.pop(message["MessageId"], None)
        return True

    def _receive(self) -> list[Message]:
        found: list[Message] = []
        while len(found) < self._mapping.batch_size:
            page = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(_AT_ONCE, self._mapping.batch_size - len(found)),
                VisibilityTimeout=_HELD_SECONDS,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            ).get("Messages", [])
            if not page:
                break
            found += page
        return found

    def _failed(self, messages: Sequence[Message], outcome: Outcome) -> set[str]:
        if not outcome.succeeded:
            return {message["MessageId"] for message in messages}
        if not self._mapping.reports_failures:
            return set()
        answer = outcome.response or {}
        return {each["itemIdentifier"] for each in answer.get("batchItemFailures", ())}

    def _record(self, message: Message) -> dict[str, Any]:
        now = int(self._clock.now.timestamp() * 1000)
        sent = self._sent.setdefault(message["MessageId"], now)
        told = message.get("Attributes", {})
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": {
                **{name: value for name, value in told.items() if name not in _NAMED_ONLY},
                "ApproximateReceiveCount": told.get("ApproximateReceiveCount", "1"),
                "SentTimestamp": str(sent),
                "ApproximateFirstReceiveTimestamp": str(sent),
            },
            "messageAttributes": {
                name: _attribute(value)
                for name, value in message.get("MessageAttributes", {}).items()
            },
            "md5OfBody": hashlib.md5(message["Body"].encode(), usedforsecurity=False).hexdigest(),
            "eventSource": "aws:sqs",
            "eventSourceARN": self._mapping.queue_arn,
            "awsRegion": self._mapping.queue_arn.split(":")[3],
        }


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"dataType": value["DataType"]}
    if "StringValue" in value:
        told["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        told["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return told
