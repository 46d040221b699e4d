"""Alerts to SNS: text for mail and webhooks, a card for Slack, each on its own topic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from bursar.adapters import alert_texts
from bursar.domain.alerts import Alert, NotPublishedError


class SnsPublisher:
    """Routing is the subscriptions': they filter on the message attribute `owner`.

    An alert's link may be a path of our pages: `pages_url` makes it whole.
    """

    def __init__(
        self, client: Any, alerts_topic_arn: str, slack_topic_arn: str, pages_url: str = ""
    ) -> None:
        self._client, self._pages = client, pages_url.rstrip("/")
        self._alerts, self._slack = alerts_topic_arn, slack_topic_arn

    def publish(self, alert: Alert) -> None:
        if self._pages and alert.link and alert.link.startswith("/"):
            alert = alert.model_copy(update={"link": self._pages + alert.link})
        attributes = {
            name: {"DataType": "String", "StringValue": value}
            for name, value in (
                ("owner", alert.owner),
                ("severity", alert.severity),
                ("kind", alert.kind),
            )
        }
        mail = {"Subject": alert_texts.subject(alert), "Message": alert_texts.body(alert)}
        refusals = [
            refusal
            for topic, message in (
                (self._alerts, mail),
                (self._slack, {"Message": alert_texts.slack(alert)}),
            )
            if (refusal := self._refusal(topic, message, attributes))
        ]
        if refusals:  # only now: one channel's refusal must not keep the news from the other
            raise NotPublishedError(f"{alert.id}: {'; '.join(refusals)}")

    def _refusal(
        self, topic: str, message: Mapping[str, str], attributes: Mapping[str, Any]
    ) -> str | None:
        try:
            self._client.publish(TopicArn=topic, MessageAttributes=attributes, **message)
        except (BotoCoreError, ClientError) as error:
            return str(error)
        return None
