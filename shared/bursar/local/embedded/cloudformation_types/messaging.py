"""SNS subscriptions, chat channels, and who may send to topics and queues."""

from __future__ import annotations

import json
from collections.abc import Mapping

from bursar.local.embedded.cloudformation_types.recorded import record
from bursar.local.embedded.cloudformation_types.resources import Create, Created, Request

CHAT = "https://global.sns-api.chatbot.amazonaws.com"


def _subscription(request: Request) -> Created:
    properties = request.properties
    attributes: dict[str, str] = {
        name: json.dumps(properties[name])
        for name in ("FilterPolicy", "RedrivePolicy", "DeliveryPolicy")
        if name in properties
    }
    if "RawMessageDelivery" in properties:
        attributes["RawMessageDelivery"] = str(properties["RawMessageDelivery"]).lower()
    if "FilterPolicyScope" in properties:
        attributes["FilterPolicyScope"] = properties["FilterPolicyScope"]
    made = request.stack.client("sns").subscribe(
        **request.only("TopicArn", "Protocol", "Endpoint"),
        Attributes=attributes,
        ReturnSubscriptionArn=True,
    )
    return Created(made["SubscriptionArn"], {"Arn": made["SubscriptionArn"]})


def _topic_policy(request: Request) -> Created:
    for topic in request.properties["Topics"]:
        request.stack.client("sns").set_topic_attributes(
            TopicArn=topic,
            AttributeName="Policy",
            AttributeValue=json.dumps(request.properties["PolicyDocument"]),
        )
    return Created(request.logical_id)


def _queue_policy(request: Request) -> Created:
    for queue in request.properties["Queues"]:
        request.stack.client("sqs").set_queue_attributes(
            QueueUrl=queue,
            Attributes={"Policy": json.dumps(request.properties["PolicyDocument"])},
        )
    return Created(request.logical_id)


def _slack_channel(request: Request) -> Created:
    """The real service subscribes itself to each of the channel's topics."""
    for topic in request.properties["SnsTopicArns"]:
        request.stack.client("sns").subscribe(TopicArn=topic, Protocol="https", Endpoint=CHAT)
    return record(request)


TYPES: Mapping[str, Create] = {
    "AWS::Chatbot::SlackChannelConfiguration": _slack_channel,
    "AWS::SNS::Subscription": _subscription,
    "AWS::SNS::TopicPolicy": _topic_policy,
    "AWS::SQS::QueuePolicy": _queue_policy,
}
