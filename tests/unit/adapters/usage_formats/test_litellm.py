"""LiteLLM's StandardLoggingPayload, as its proxy posts it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from bursar.domain.usage.producers import ANY_TENANT, UsageFormat
from bursar.domain.usage.records import TokenCounts
from tests.unit.adapters.usage_formats.telling import producer, reasons, record, told

GATEWAY = producer(UsageFormat.LITELLM)
PAYLOAD: dict[str, Any] = {
    "id": "chatcmpl-8f2a",
    "trace_id": "5d1e",
    "call_type": "acompletion",
    "stream": False,
    "status": "success",
    "response_cost": 0.0123,
    "custom_llm_provider": "anthropic",
    "total_tokens": 12_550,
    "prompt_tokens": 12_000,
    "completion_tokens": 550,
    "startTime": 1_795_176_000.5,
    "endTime": 1_795_176_003.25,
    "model": "claude-sonnet-4-5",
    "metadata": {
        "user_api_key_hash": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
        "user_api_key_alias": "search-prod",
        "user_api_key_team_id": "team-7",
        "user_api_key_team_alias": "search",
        "user_api_key_user_id": "svc-search",
        "usage_object": {
            "prompt_tokens": 12_000,
            "completion_tokens": 550,
            "prompt_tokens_details": {
                "cached_tokens": 9_000,
                "cache_creation_token_details": {
                    "ephemeral_5m_input_tokens": 700,
                    "ephemeral_1h_input_tokens": 300,
                },
            },
            "completion_tokens_details": {"reasoning_tokens": 200},
            "cache_creation_input_tokens": 1_000,
            "cache_read_input_tokens": 9_000,
        },
    },
    "cache_hit": None,
    "request_tags": ["User-Agent: python", "feature:answers"],
    "end_user": "u-17",
    "messages": [{"role": "user", "content": "a secret plan"}],
    "response": {"choices": [{"message": {"content": "a secret answer"}}]},
    "error_str": None,
}


def payload(**changes: Any) -> str:
    return json.dumps({**PAYLOAD, **changes})


def test_a_call_is_a_record_whose_prompt_includes_what_was_cached() -> None:
    found = record(payload(), GATEWAY)
    # 9,000 read from the cache, 700 + 300 written to it, 2,000 neither
    assert found.tokens == TokenCounts(12_000, 9_000, 700, 300, 550, 200)
    assert found.tokens.uncached_input == 2_000
    assert found.at == datetime.fromtimestamp(1_795_176_000.5, UTC)
    assert (found.id, found.model, found.provider) == (
        "chatcmpl-8f2a",
        "claude-sonnet-4-5",
        "anthropic",
    )
    assert (found.feature, found.user, found.key) == ("answers", "u-17", "search-prod")
    assert (found.latency_ms, found.requests, found.batch) == (2750, 1, False)


def test_neither_prompt_nor_answer_nor_the_hash_of_the_key_is_kept() -> None:
    text = repr(told(payload(), GATEWAY)) + repr(told(payload(model=None), GATEWAY))
    assert "secret" not in text
    assert "88dc28" not in text


def test_a_failure_is_a_request_without_tokens() -> None:
    for counts in ({}, {"prompt_tokens": None, "completion_tokens": None}):
        failed = record(payload(status="failure", **counts), GATEWAY)
        assert (failed.requests, failed.tokens) == (1, TokenCounts())


def test_a_call_that_was_served_and_tells_no_tokens_is_rejected() -> None:
    untold = payload(prompt_tokens=None, completion_tokens=None)
    assert reasons(untold, GATEWAY) == ["prompt_tokens and completion_tokens are missing"]
    embedding = record(payload(completion_tokens=None, metadata={}), GATEWAY)
    assert embedding.tokens == TokenCounts(12_000)


def test_an_answer_from_the_gateways_own_cache_used_no_tokens() -> None:
    for told_so in (True, "True", "true"):
        assert record(payload(cache_hit=told_so), GATEWAY).tokens == TokenCounts()
    for told_not in (False, "False", "None", "", None):
        assert record(payload(cache_hit=told_not), GATEWAY).tokens.input == 12_000
    assert reasons(payload(cache_hit="perhaps"), GATEWAY) == [
        "cache_hit is neither true nor false"
    ]


def test_only_a_trusted_gateway_names_the_team_as_tenant() -> None:
    assert record(payload(), GATEWAY).tenant == "acme"
    trusted = producer(UsageFormat.LITELLM, tenants=frozenset({ANY_TENANT}))
    assert record(payload(), trusted).tenant == "search"
    without_alias = {**PAYLOAD["metadata"], "user_api_key_team_alias": None}
    assert record(payload(metadata=without_alias), trusted).tenant == "team-7"
    listed = producer(UsageFormat.LITELLM, tenants=frozenset({"globex"}))
    assert reasons(payload(), listed) == [
        "tenant is not among those that this producer speaks for"
    ]


def test_calls_come_one_at_a_time_in_arrays_and_wrapped() -> None:
    wrapped = json.dumps({"standard_logging_object": PAYLOAD})
    assert record(wrapped, GATEWAY) == record(payload(), GATEWAY)
    both = json.dumps([PAYLOAD, {**PAYLOAD, "id": "2", "prompt_tokens": True}])
    records, rejections = told(both, GATEWAY)
    assert [each.id for each in records] == ["chatcmpl-8f2a"]
    assert [(each.where, each.reason) for each in rejections] == [
        ("[1]", "prompt_tokens is not a number")
    ]


def test_batches_are_known_by_their_call_type() -> None:
    assert record(payload(call_type="aretrieve_batch"), GATEWAY).batch


def test_a_call_without_details_has_the_plain_counts() -> None:
    found = record(payload(metadata={}, request_tags=None), GATEWAY)
    assert found.tokens == TokenCounts(12_000, output=550)
    assert (found.feature, found.key) == ("", "")


def test_details_of_the_wrong_shape_are_rejected_by_name() -> None:
    assert reasons(payload(metadata="text"), GATEWAY) == ["metadata is not an object"]
    assert reasons(payload(request_tags="x"), GATEWAY) == ["request_tags is not a list"]
