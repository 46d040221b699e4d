"""Bedrock's model invocation logs, from S3 or a CloudWatch Logs subscription."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bursar.domain.usage.bedrock import model_name
from bursar.domain.usage.producers import ModelAlias, UsageFormat
from bursar.domain.usage.records import TokenCounts
from tests.unit.adapters.usage_formats.telling import producer, reasons, record, told

ACCOUNT = producer(UsageFormat.BEDROCK)
ARN = "arn:aws:bedrock:eu-west-1:111122223333:"
LOG: dict[str, Any] = {
    "schemaType": "ModelInvocationLog",
    "schemaVersion": "1.0",
    "timestamp": "2026-11-20T12:00:17Z",
    "accountId": "111122223333",
    "identity": {"arn": "arn:aws:sts::111122223333:assumed-role/Search/i-0abc"},
    "region": "eu-west-1",
    "requestId": "915a6a04-3f83-4c70-a277-7fbf7ea546b3",
    "operation": "Converse",
    "modelId": "anthropic.claude-3-haiku-20240307-v1:0",
    "input": {
        "inputContentType": "application/json",
        "inputBodyJson": {"messages": [{"content": [{"text": "a secret plan"}]}]},
        "inputTokenCount": 3,
        "cacheReadInputTokenCount": 9_000,
        "cacheWriteInputTokenCount": 1_000,
    },
    "output": {
        "outputBodyJson": {
            "output": {"message": {"content": [{"text": "a secret answer"}]}},
            "metrics": {"latencyMs": 3640},
            "usage": {
                "inputTokens": 3,
                "cacheDetails": [
                    {"ttl": "1h", "inputTokens": 400},
                    {"ttl": "5m", "inputTokens": 600},
                ],
            },
        },
        "outputTokenCount": 446,
    },
    "requestMetadata": {"feature": "answers", "user": "u-17"},
}


def log(**changes: Any) -> str:
    return json.dumps({**LOG, **changes})


def test_the_prompt_is_what_bedrock_counts_apart_added_up() -> None:
    found = record(log(), ACCOUNT)
    assert found.tokens == TokenCounts(3 + 9_000 + 1_000, 9_000, 600, 400, 446)
    assert found.tokens.uncached_input == 3
    assert found.at == datetime(2026, 11, 20, 12, 0, 17, tzinfo=UTC)
    assert (found.id, found.provider, found.latency_ms) == (LOG["requestId"], "aws", 3640)
    assert (found.feature, found.user, found.key) == ("answers", "u-17", "Search")
    assert "secret" not in repr(found)


def test_the_usage_of_anthropics_own_api_is_found_in_a_body_and_in_a_stream() -> None:
    usage = {"cache_creation": {"ephemeral_1h_input_tokens": 400}}
    for body in ({"usage": usage}, [{"type": "message_start", "message": {"usage": usage}}]):
        answered = {"outputBodyJson": body, "outputTokenCount": 446}
        assert record(log(output=answered), ACCOUNT).tokens.cache_write_1h == 400


@pytest.mark.parametrize(("told_ms", "kept"), [(3640.5001, 3641), (12, 12), (None, None)])
def test_parts_of_a_millisecond_are_rounded(told_ms: float | None, kept: int | None) -> None:
    answered = {"outputBodyJson": {"metrics": {"latencyMs": told_ms}}, "outputTokenCount": 446}
    assert record(log(output=answered), ACCOUNT).latency_ms == kept


def test_a_call_that_failed_is_a_request_without_tokens() -> None:
    failed = record(log(input={}, output=None, errorCode="ThrottlingException"), ACCOUNT)
    assert (failed.requests, failed.tokens, failed.latency_ms) == (1, TokenCounts(), None)


def test_a_call_that_was_served_and_tells_no_tokens_is_rejected() -> None:
    untold = log(input={"inputContentType": "application/json"}, output={})
    assert reasons(untold, ACCOUNT) == ["inputTokenCount and outputTokenCount are missing"]
    embedding = record(log(input={"inputTokenCount": 12}, output=None), ACCOUNT)
    assert embedding.tokens == TokenCounts(12)


@pytest.mark.parametrize(
    ("model_id", "name"),
    [
        ("anthropic.claude-3-haiku-20240307-v1:0", "anthropic.claude-3-haiku-20240307-v1:0"),
        (
            "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0",
            "amazon.nova-lite-v1:0",
        ),
        (
            f"{ARN}inference-profile/eu.anthropic.claude-sonnet-4-5-v1:0",
            "eu.anthropic.claude-sonnet-4-5-v1:0",
        ),
        (f"{ARN}application-inference-profile/abc123", "application-inference-profile/abc123"),
        (f"{ARN}provisioned-model/xyz", "provisioned-model/xyz"),
    ],
)
def test_an_arn_is_shortened_to_what_names_the_model(model_id: str, name: str) -> None:
    assert model_name(model_id) == name


def test_an_application_inference_profile_says_its_model_and_tenant_by_configuration() -> None:
    by = producer(
        UsageFormat.BEDROCK,
        tenants=frozenset({"globex"}),
        aliases={
            "application-inference-profile/abc": ModelAlias(
                "amazon.nova-lite-v1:0", tenant="globex", feature="chat"
            )
        },
    )
    found = record(log(modelId=f"{ARN}application-inference-profile/abc"), by)
    assert (found.model, found.tenant, found.feature) == (
        "amazon.nova-lite-v1:0",
        "globex",
        "chat",
    )


def test_request_metadata_names_the_tenant_where_the_account_is_trusted_to() -> None:
    trusted = producer(UsageFormat.BEDROCK, tenants=frozenset({"globex"}))
    assert record(log(requestMetadata={"tenant": "globex"}), trusted).tenant == "globex"
    assert reasons(log(requestMetadata={"tenant": "initech"}), ACCOUNT) == [
        "tenant is not the one that this producer speaks for"
    ]


@pytest.mark.parametrize(
    ("arn", "key", "user"),
    [
        ("arn:aws:sts::111122223333:assumed-role/Search/i-0abc", "Search", "i-0abc"),
        ("arn:aws:iam::111122223333:user/ci", "ci", "ci"),
        ("arn:aws:iam::111122223333:root", "", ""),
        ("", "", ""),
    ],
)
def test_the_caller_is_the_key_and_its_session_the_user(arn: str, key: str, user: str) -> None:
    found = record(log(identity={"arn": arn}, requestMetadata=None), ACCOUNT)
    assert (found.key, found.user) == (key, user)


def test_a_subscription_of_cloudwatch_logs_is_unwrapped_event_by_event() -> None:
    batch = {
        "messageType": "DATA_MESSAGE",
        "logEvents": [
            {"id": "1", "timestamp": 0, "message": log(requestId="a")},
            {"id": "2", "timestamp": 0, "message": "cut off {"},
            {"id": "3", "timestamp": 0},
            {"id": "4", "timestamp": 0, "message": log(requestId="b")},
        ],
    }
    records, rejections = told(json.dumps(batch), ACCOUNT)
    assert [each.id for each in records] == ["a", "b"]
    assert [(each.where, each.reason) for each in rejections] == [
        ("logEvents[1]", "is not JSON (line 1, column 1)"),
        ("logEvents[2]", "has no message"),
    ]
