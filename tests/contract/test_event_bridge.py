"""Bursar's events on a real bus, as moto runs it: whoever listens gets them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from bursar.adapters.event_bridge import EventBridgeBus, EventNotSentError

AT = datetime(2026, 11, 20, 13, 10, tzinfo=UTC)


def test_whoever_listens_to_bursar_gets_its_events() -> None:
    with mock_aws():
        events, sqs = boto3.client("events"), boto3.client("sqs")
        url = sqs.create_queue(QueueName="stops")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        events.put_rule(Name="stops", EventPattern=json.dumps({"source": ["bursar"]}))
        events.put_targets(Rule="stops", Targets=[{"Id": "q", "Arn": arn["QueueArn"]}])
        EventBridgeBus(events).send("Budget Stop Active", {"budget": "search"}, AT)
        (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    told = json.loads(message["Body"])
    assert (told["source"], told["detail-type"]) == ("bursar", "Budget Stop Active")
    assert told["detail"] == {"budget": "search"}


class _Full:
    def put_events(self, **_: Any) -> dict[str, Any]:
        refused = {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}
        return {"FailedEntryCount": 1, "Entries": [refused]}


def test_an_event_that_the_bus_refuses_is_an_error() -> None:
    with pytest.raises(EventNotSentError, match="ThrottlingException: slow down"):
        EventBridgeBus(_Full()).send("Budget Stop Active", {}, AT)
