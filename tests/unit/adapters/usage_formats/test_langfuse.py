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


@pytest.mark.parametrize(
    ("details", "tokens"),
    [
        # 1,000 + 0 = 1,000: of the input 800 were cached, and 200 cost the full price
        (
            {"input": 1000, "output": 0, "total": 1000, "prompt_details.cache_read": 800},
            TokenCounts(1000, 800),
        ),
        # no total: details of the prompt are a part of it
        (
            {"input": 1000, "output": 60, "prompt_details.cache_write": 300},
            TokenCounts(1000, 0, 300, output=60),
        ),
        # 200 + 800 + 0 = 1,000: they do not overlap
        (
            {"input": 200, "output": 0, "total": 1000, "prompt_details.cache_read": 800},
            TokenCounts(1000, 800),
        ),
        # 1,000 + 100 + 50 = 1,150: the input holds what was cached, the output no reasoning
        (
            {
                "input": 1000,
                "prompt_details.cache_read": 800,
                "output": 100,
                "completion_details.reasoning": 50,
                "total": 1150,
            },
            TokenCounts(1000, 800, output=150, reasoning=50),
        ),
        # 1,000 + 60 = 1,060: sound is a part of the prompt, and costs what input costs
        (
            {"input": 1000, "output": 60, "total": 1060, "prompt_details.audio": 400},
            TokenCounts(1000, output=60),
        ),
    ],
)
def test_details_that_are_named_by_openinference_are_buckets(
    details: dict[str, Any], tokens: TokenCounts
) -> None:
    assert record(generation(usageDetails=details), EXPORT).tokens == tokens


# a row of `observations_v2/`, as the field reference has it
ROW: dict[str, Any] = {
    "id": "obs-2",
    "trace_id": "trace-1",
    "type": "GENERATION",
    "start_time": "2026-11-20 12:00:00.250000",
    "end_time": "2026-11-20 12:00:01.500000",
    "provided_model_name": "gpt-4o",
    "usage_details": {"input": 5, "output": 7, "total": 12},
    "metadata": {"tenant": "globex", "provider": "openai"},
    "input": 'say "hi",\nplease',
    "user_id": "u-17",
    "trace_name": "summaries",
}


def as_csv(*rows: dict[str, Any], old: bool = False) -> str:
    """As Langfuse writes it: every cell quoted, objects as JSON; it once wrote texts so too."""

    def cell(value: Any) -> str:
        told = "" if value is None else value
        text = told if isinstance(told, str) and not old else json.dumps(told)
        return '"' + text.replace('"', '""') + '"'

    header = ",".join(f'"{name}"' for name in ROW)
    return "\n".join([header, *(",".join(map(cell, row.values())) for row in rows)])


TRUSTED = producer(UsageFormat.LANGFUSE, tenants=frozenset({"globex"}))


@pytest.mark.parametrize(
    "payload",
    [
        json.dumps(ROW) + "\n",
        json.dumps([ROW]),
        json.dumps({**ROW, "usage_details": '{"input": "5", "output": "7"}'}),
        as_csv(ROW),
        as_csv(ROW, old=True),
    ],
    ids=["jsonl", "json", "counts as text", "csv", "older csv"],
)
def test_an_export_to_storage_is_in_snake_case_with_times_in_utc(payload: str) -> None:
    found = record(payload, TRUSTED)
    assert found.at == datetime(2026, 11, 20, 12, 0, 0, 250_000, tzinfo=UTC)
    assert (found.model, found.tokens) == ("gpt-4o", TokenCounts(5, output=7))
    assert (found.id, found.latency_ms, found.tenant) == ("obs-2", 1250, "globex")
    assert (found.user, found.feature, found.provider) == ("u-17", "summaries", "openai")


def test_a_bad_row_of_a_storage_export_is_lost_alone_and_a_prompt_may_be_long() -> None:
    prompt = "words, " * 50_000
    rows = [{**ROW, "id": "a", "input": prompt}, {**ROW, "usage_details": "{"}, {**ROW, "id": "b"}]
    records, rejections = told(as_csv(*rows), TRUSTED)
    assert [each.id for each in records] == ["a", "b"]
    assert [(each.where, each.reason) for each in rejections] == [
        ("line 3", "usage_details is not JSON")
    ]


def test_an_offset_that_is_told_is_kept() -> None:
    found = record(generation(startTime="2026-11-20T13:00:00+01:00"), EXPORT)
    assert found.at == datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_files_of_scores_and_traces_are_no_observations() -> None:
    score = {"id": "s-1", "timestamp": "2026-11-20 12:00:00.000000", "name": "accuracy"}
    assert reasons(json.dumps(score), EXPORT) == ["type is missing: observations have one"]


def test_an_observation_that_has_not_ended_is_left_out_until_it_tells_its_tokens() -> None:
    zeros = {"unit": "TOKENS", "input": 0, "output": 0, "total": 0}
    begun = {"endTime": None, "usageDetails": {}, "usage": zeros}
    assert told(generation(**begun), EXPORT) == ([], [])
    ended = record(generation(usageDetails={"input": 5000, "output": 700}), EXPORT)
    assert ended.tokens == TokenCounts(5000, output=700)
    # some SDKs never tell an end
    endless = record(generation(endTime=None, usageDetails={"input": 5, "output": 7}), EXPORT)
    assert (endless.tokens, endless.latency_ms) == (TokenCounts(5, output=7), None)


UNTOLD = "usageDetails tell neither input nor output tokens"


@pytest.mark.parametrize(
    ("usage", "reason"),
    [
        ({"usageDetails": {"total": 770}}, UNTOLD),
        ({"usageDetails": {"prompt_tokens": 5, "completion_tokens": 7}}, UNTOLD),
        ({"usageDetails": {"input": None, "output": None}}, UNTOLD),
        ({"usageDetails": {}, "usage": {"input": 0, "output": 0}}, UNTOLD),
        ({"usageDetails": None}, UNTOLD),
        (
            {"usage": {"input": 500, "output": 90, "unit": "CHARACTERS"}},
            "usage.unit is not TOKENS",
        ),
    ],
    ids=str,
)
def test_a_generation_that_tells_no_tokens_is_rejected(usage: dict[str, Any], reason: str) -> None:
    assert reasons(generation(**usage), EXPORT) == [reason]


def test_a_generation_that_failed_is_a_request_without_tokens() -> None:
    failed = record(generation(level="ERROR", usageDetails={}), EXPORT)
    assert (failed.requests, failed.tokens) == (1, TokenCounts())


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
