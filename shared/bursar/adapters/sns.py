"""Alerts to SNS: text for mail and webhooks, a card for Slack, each on its own topic."""

from __future__ import annotations

from typing import Any

from bursar.adapters import alert_texts
from bursar.domain.alerts import Alert


class SnsPublisher:
    """Routing is the subscriptions': they filter on the message attribute `owner`."""

    def __init__(self, client: Any, alerts_topic_arn: str, slack_topic_arn: str) -> None:
        self._client = client
        self._alerts, self._slack = alerts_topic_arn, slack_topic_arn

    def publish(self, alert: Alert) -> None:
        attributes = {
            name: {"DataType": "String", "StringValue": value}
            for name, value in (
                ("owner", alert.owner),
                ("severity", alert.severity),
                ("kind", alert.kind),
            )
        }
        try:
            self._client.publish(
                TopicArn=self._alerts,
                Subject=alert_texts.subject(alert),
                Message=alert_texts.body(alert),
                MessageAttributes=attributes,
            )
        finally:  # one channel's refusal must not keep the news from the other
            self._client.publish(
                TopicArn=self._slack,
                Message=alert_texts.slack(alert),
                MessageAttributes=attributes,
            )
