"""Bedrock's hours from CloudWatch, over moto's; pages and partial answers as AWS gives them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from bursar.adapters import cloudwatch_bedrock
from bursar.adapters.cloudwatch_bedrock import CloudWatchBedrockUsage, CloudWatchUnreadableError
from bursar.domain.periods import Window
from bursar.domain.usage.bedrock import ProvisionedHour
from bursar.domain.usage.producers import ModelAlias, ProducerPolicy
from bursar.domain.usage.records import TokenCounts, UsageRecord
from bursar.domain.usage.rejections import Rejection

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = Window(NOON, NOON + timedelta(hours=1))
NOVA = "amazon.nova-lite-v1:0"
PROFILE = "arn:aws:bedrock:eu-west-1:111122223333:application-inference-profile/abc"
ACCOUNT = ProducerPolicy(
    name="bedrock:main",
    tenants=frozenset({"acme", "globex"}),
    aliases={
        NOVA: ModelAlias(NOVA, tenant="acme"),
        "application-inference-profile/abc": ModelAlias(NOVA, tenant="globex", feature="chat"),
    },
)


@pytest.fixture
def cloudwatch() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("cloudwatch", "eu-west-1")


def publish(client: Any, model: str, at: datetime = NOON, **metrics: float) -> None:
    for name, value in metrics.items():
        datum = {"MetricName": name, "Timestamp": at, "Value": value, "Unit": "Count"}
        dimensions = [{"Name": "ModelId", "Value": model}]
        client.put_metric_data(
            Namespace="AWS/Bedrock", MetricData=[{**datum, "Dimensions": dimensions}]
        )


def collected(client: Any, hour: Window = HOUR) -> list[UsageRecord | Rejection]:
    usage = CloudWatchBedrockUsage(client, None, "111122223333/eu-west-1")
    return list(usage.records(hour, ACCOUNT))


def test_each_model_of_the_hour_is_one_record_with_its_cache_in_the_prompt(
    cloudwatch: Any,
) -> None:
    for minute in (0, 30):
        at = NOON + timedelta(minutes=minute)
        publish(cloudwatch, NOVA, at, InputTokenCount=100, OutputTokenCount=20, Invocations=3)
    publish(cloudwatch, NOVA, CacheReadInputTokenCount=700, CacheWriteInputTokenCount=50)
    publish(cloudwatch, PROFILE, InputTokenCount=5, Invocations=1)
    nova, profile = collected(cloudwatch)
    assert isinstance(nova, UsageRecord)
    assert nova.tokens == TokenCounts(200 + 700 + 50, 700, 50, output=40)
    assert (nova.requests, nova.tenant, nova.model, nova.at) == (6, "acme", NOVA, NOON)
    assert nova.id == f"111122223333/eu-west-1/{NOVA}/2026-11-20T12"
    assert isinstance(profile, UsageRecord)
    assert (profile.tenant, profile.feature, profile.model) == ("globex", "chat", NOVA)
    assert profile.id.endswith("application-inference-profile/abc/2026-11-20T12")


def test_a_model_called_by_its_id_and_by_its_arn_is_one_record(cloudwatch: Any) -> None:
    foundation = f"arn:aws:bedrock:eu-west-1::foundation-model/{NOVA}"
    publish(cloudwatch, NOVA, InputTokenCount=100, OutputTokenCount=20, Invocations=3)
    publish(cloudwatch, foundation, InputTokenCount=40, OutputTokenCount=5, Invocations=2)
    publish(cloudwatch, foundation, CacheReadInputTokenCount=60)
    (found,) = collected(cloudwatch)
    assert isinstance(found, UsageRecord)
    # 100 + 40 that were not cached, and 60 that were
    assert (found.tokens, found.requests) == (TokenCounts(200, 60, output=25), 5)
    assert found.id == f"111122223333/eu-west-1/{NOVA}/2026-11-20T12"


def test_other_hours_and_finer_dimensions_are_not_in_it(cloudwatch: Any) -> None:
    publish(cloudwatch, NOVA, InputTokenCount=100)
    publish(cloudwatch, NOVA, HOUR.end, InputTokenCount=1000)
    finer = [{"Name": "ModelId", "Value": NOVA}, {"Name": "ContextWindow", "Value": "200k"}]
    cloudwatch.put_metric_data(
        Namespace="AWS/Bedrock",
        MetricData=[
            {
                "MetricName": "InputTokenCount",
                "Timestamp": NOON,
                "Value": 100,
                "Dimensions": finer,
            }
        ],
    )
    (found,) = collected(cloudwatch)
    assert isinstance(found, UsageRecord)
    assert found.tokens.input == 100


def test_a_model_that_nobody_is_named_for_is_rejected_alone(cloudwatch: Any) -> None:
    publish(cloudwatch, NOVA, InputTokenCount=1)
    publish(cloudwatch, "unknown.model", InputTokenCount=1)
    _, other = collected(cloudwatch)
    assert other == Rejection(
        "unknown.model", "tenant is missing, and this producer has none of its own"
    )


def test_more_queries_than_one_request_takes_are_asked_in_several(
    cloudwatch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloudwatch_bedrock, "_MOST_QUERIES", 2)
    publish(cloudwatch, NOVA, InputTokenCount=9, OutputTokenCount=8, Invocations=7)
    publish(cloudwatch, PROFILE, InputTokenCount=6, OutputTokenCount=5, Invocations=4)
    totals = [
        (each.tokens.total, each.requests)
        for each in collected(cloudwatch)
        if isinstance(each, UsageRecord)
    ]
    assert totals == [(17, 7), (11, 4)]


@pytest.mark.parametrize("last", ["Complete", "PartialData", "InternalError"])
def test_pages_are_added_up_and_half_an_answer_is_refused(last: str) -> None:
    client = boto3.client("cloudwatch", "eu-west-1")
    metric = {"Dimensions": [{"Name": "ModelId", "Value": NOVA}]}
    page = {"Id": "m0", "Timestamps": [NOON], "Values": [40.0]}
    with Stubber(client) as stub:
        stub.add_response("list_metrics", {"Metrics": [metric]})
        for _ in range(6):
            stub.add_response("list_metrics", {"Metrics": []})
        first = {"MetricDataResults": [{**page, "StatusCode": "PartialData"}], "NextToken": "2"}
        stub.add_response("get_metric_data", first)
        second = {**page, "Timestamps": [], "Values": [2.0], "StatusCode": last}
        stub.add_response("get_metric_data", {"MetricDataResults": [second]})
        if last == "Complete":
            (found,) = collected(client)
            assert isinstance(found, UsageRecord)
            assert found.tokens.input == 42
        else:
            with pytest.raises(CloudWatchUnreadableError, match=f"1 of 1: {last}"):
                collected(client)


def test_provisioned_throughput_is_listed_by_its_model_units() -> None:
    client = boto3.client("bedrock", "eu-west-1")
    arn = "arn:aws:bedrock:eu-west-1:111122223333:provisioned-model/abcdefghij12"
    base = "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0"

    def throughput(name: str, **changes: Any) -> dict[str, Any]:
        told = {
            "provisionedModelName": name,
            "provisionedModelArn": arn,
            "modelArn": base,
            "desiredModelArn": base,
            "foundationModelArn": base,
            "modelUnits": 2,
            "desiredModelUnits": 4,
            "status": "InService",
            "commitmentDuration": "OneMonth",
            "creationTime": NOON - timedelta(days=3),
            "lastModifiedTime": NOON,
        }
        return {**told, **changes}

    listed = [
        throughput("search"),
        throughput("later", creationTime=HOUR.end),
        throughput("broken", status="Failed"),
    ]
    with Stubber(client) as stub:
        stub.add_response(
            "list_provisioned_model_throughputs", {"provisionedModelSummaries": listed}
        )
        found = CloudWatchBedrockUsage(None, client, "main").provisioned(HOUR)
    assert found == [ProvisionedHour("search", arn, NOVA, 2, "OneMonth", NOON)]
