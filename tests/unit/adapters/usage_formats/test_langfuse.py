"""Observations exported from Langfuse, with its buckets of tokens brought together."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bursar.domain.usage.producers import UsageFormat
from bursar.domain.usage.records import TokenCounts
from tests.unit.adapters.usage_formats.telling import producer, reasons, record, told

EXPORT = producer(UsageFormat.LANGFUSE)
GENERATION: dict[str, Any] = {
    "id": "obs-1",
    "traceId": "trace-1",
    "type": "GENERATION",
    "name": "ChatOpenAI",
    "traceName": "summaries",
    "startTime": "2026-11-20T12:00:00.000Z",
    "endTime": "2026-11-20T12:00:01.500Z",
    "model": "gpt-4o",
    "input": "a secret plan",
    "output": "a secret answer",
    "metadata": {"provider": "openai"},
    "userId": "u-17",
    "usageDetails": {"input": 86, "input_cached_tokens": 17_817, "output": 120, "total": 18_023},
}


def generation(**changes: Any) -> str:
    return json.dumps({**GENERATION, **changes})


def test_a_generation_is_a_record_and_its_prompt_the_sum_of_the_input_buckets() -> None:
    found = record(generation(), EXPORT)
    assert found.tokens == TokenCounts(86 + 17_817, 17_817, output=120)
    assert found.at == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert (found.id, found.provider, found.feature) == ("obs-1", "openai", "summaries")
    assert (found.user, found.latency_ms) == ("u-17", 1500)
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("details", "tokens"),
    [
        # a total of all buckets: they do not overlap
        (
            {
                "input": 2140,
                "input_cached_tokens": 1024,
                "output": 96,
                "output_reasoning_tokens": 310,
                "total": 3570,
            },
            TokenCounts(3164, 1024, output=406, reasoning=310),
        ),
        # a total of input and output: the SDK sent an input that held the cached ones
        (
            {"input": 17_903, "input_cached_tokens": 17_817, "output": 120, "total": 18_023},
            TokenCounts(17_903, 17_817, output=120),
        ),
        # no total: Langfuse's own meaning
        (
            {
                "input": 10,
                "cache_read_input_tokens": 30,
                "cache_creation_input_tokens": 5,
                "output": 1,
            },
            TokenCounts(45, 30, 5, output=1),
        ),
        (
            {"input": 10, "input_cache_creation_1h": 4, "input_cache_creation_5m": 6, "output": 1},
            TokenCounts(20, 0, 6, 4, output=1),
        ),
        ({"input": 10, "input_audio_tokens": 5, "output": None}, TokenCounts(15)),
    ],
)
def test_buckets_become_the_prompt_and_its_parts(
    details: dict[str, Any], tokens: TokenCounts
) -> None:
    assert record(generation(usageDetails=details), EXPORT).tokens == tokens


def test_an_export_to_storage_is_in_snake_case_one_a_line() -> None:
    row = {
        "id": "obs-2",
        "type": "GENERATION",
        "start_time": "2026-11-20T12:00:00Z",
        "end_time": None,
        "provided_model_name": "gpt-4o",
        "usage_details": {"input": 5, "output": 7},
        "metadata": "{}",
    }
    found = record(json.dumps(row) + "\n", EXPORT)
    assert (found.model, found.tokens, found.latency_ms) == (
        "gpt-4o",
        TokenCounts(5, output=7),
        None,
    )


def test_the_usage_of_older_exports_is_read() -> None:
    for usage in ({"input": 5, "output": 7}, {"promptTokens": 5, "completionTokens": 7}):
        found = record(generation(usageDetails=None, usage=usage), EXPORT)
        assert found.tokens == TokenCounts(5, output=7)


def test_a_page_of_the_api_is_read_without_its_spans() -> None:
    page = {
        "data": [GENERATION, {"id": "s", "type": "SPAN"}, {**GENERATION, "startTime": 1.5e99}],
        "meta": {"page": 1},
    }
    records, rejections = told(json.dumps(page), EXPORT)
    assert [each.id for each in records] == ["obs-1"]
    assert [(each.where, each.reason) for each in rejections] == [
        ("data[2]", "startTime is not a time of this age")
    ]


def test_the_tenant_is_named_in_the_metadata() -> None:
    trusted = producer(UsageFormat.LANGFUSE, tenants=frozenset({"globex"}))
    assert record(generation(metadata={"tenant": "globex"}), trusted).tenant == "globex"
    assert reasons(generation(), trusted) == [
        "tenant is missing, and this producer has none of its own"
    ]
