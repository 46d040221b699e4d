"""What SNS delivered, subscription by subscription, after the filter policies.

Nothing leaves the machine: mail, webhooks and chat are recorded; queues and functions that are
deployed here get the message.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.sns.exceptions import InvalidParameterValue
from moto.sns.models import Subscription, Topic

from bursar.local.embedded.clock import Clock
from bursar.local.embedded.replacements import replaced

# printable ASCII, no line break, fewer than a hundred: a hostile name must fail here as on AWS
_SUBJECT = re.compile(r"[!-~][ -~]{0,98}")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message that one subscription was sent."""

    sent_at: datetime
    topic_arn: str
    protocol: str
    endpoint: str
    message_id: str
    subject: str | None
    message: str
    attributes: Mapping[str, str]


class Outbox:
    """Collects deliveries of all topics, in order."""

    def __init__(self, clock: Clock, invoke: Callable[[str, Any], Any]) -> None:
        self._clock = clock
        self._invoke = invoke
        self._lock = threading.Lock()
        self._deliveries: list[Delivery] = []

    def sent(self, topic: str | None = None) -> tuple[Delivery, ...]:
        """Every delivery, or those of one topic by ARN or name."""
        with self._lock:
            return tuple(
                delivery
                for delivery in self._deliveries
                if topic is None
                or topic in (delivery.topic_arn, delivery.topic_arn.split(":")[-1])
            )

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Stand between moto's topics and their subscribers."""
        publish, deliver = Topic.publish, Subscription.publish

        def check_subject(
            topic: Topic, message: str, subject: str | None = None, **more: Any
        ) -> str:
            if subject is not None and not _SUBJECT.fullmatch(subject):
                raise InvalidParameterValue("Invalid parameter: Subject")
            message_id: str = publish(topic, message, subject, **more)
            return message_id

        def record(subscription: Subscription, message: str, message_id: str, **more: Any) -> None:
            delivery = self._delivery(subscription, message, message_id, more)
            if delivery is None:
                return
            with self._lock:
                self._deliveries.append(delivery)
            if subscription.protocol == "sqs":
                deliver(subscription, message, message_id, **more)
            elif subscription.protocol == "lambda":
                self._invoke(subscription.endpoint, _lambda_event(delivery, subscription.arn))

        with ExitStack() as stack:
            stack.enter_context(replaced(Topic, "publish", check_subject))
            stack.enter_context(replaced(Subscription, "publish", record))
            yield

    def _delivery(
        self, subscription: Subscription, message: str, message_id: str, more: Mapping[str, Any]
    ) -> Delivery | None:
        attributes = more.get("message_attributes") or {}
        matcher = subscription._filter_policy_matcher
        if matcher is not None and not matcher.matches(attributes, message):
            return None
        if more.get("message_structure") == "json":
            message = subscription._parse_message_structure(message, subscription.protocol)
        return Delivery(
            sent_at=self._clock.now,
            topic_arn=subscription.topic_arn,
            protocol=subscription.protocol,
            endpoint=subscription.endpoint,
            message_id=message_id,
            subject=more.get("subject"),
            message=message,
            attributes={name: str(value["Value"]) for name, value in attributes.items()},
        )


def _lambda_event(delivery: Delivery, subscription_arn: str) -> dict[str, Any]:
    return {
        "Records": [
            {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": subscription_arn,
                "Sns": {
                    "Type": "Notification",
                    "MessageId": delivery.message_id,
                    "TopicArn": delivery.topic_arn,
                    "Subject": delivery.subject,
                    "Message": delivery.message,
                    "Timestamp": f"{delivery.sent_at:%Y-%m-%dT%H:%M:%S.000Z}",
                    "MessageAttributes": {
                        name: {"Type": "String", "Value": value}
                        for name, value in delivery.attributes.items()
                    },
                },
            }
        ]
    }
