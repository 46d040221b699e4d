"""OpenTelemetry's GenAI spans and token metrics in OTLP JSON, old names and new."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bursar.domain.usage.producers import UsageFormat
from bursar.domain.usage.records import TokenCounts
from tests.unit.adapters.usage_formats.telling import producer, reasons, record, told

COLLECTOR = producer(UsageFormat.OTEL)
NOON = 1_795_176_000
NEW = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "aws.bedrock",
    "gen_ai.request.model": "claude-sonnet-4-5",
    "gen_ai.response.model": "claude-sonnet-4-5-20250929",
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.cache_read.input_tokens": 600,
    "gen_ai.usage.cache_creation.input_tokens": 100,
    "gen_ai.usage.output_tokens": 300,
    "gen_ai.usage.reasoning.output_tokens": 120,
    "gen_ai.input.messages": "a secret plan",
    "user.id": "u-17",
}
OLD = {
    "gen_ai.operation.name": "chat",
    "gen_ai.system": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.prompt_tokens": 50,
    "gen_ai.usage.completion_tokens": 20,
    "gen_ai.usage.cache_read_input_tokens": 10,
}


def attributes(told: dict[str, Any]) -> list[dict[str, Any]]:
    """As OTLP writes them: 64-bit numbers are text."""
    return [
        {
            "key": key,
            "value": {"intValue": str(value)}
            if isinstance(value, int)
            else {"stringValue": value},
        }
        for key, value in told.items()
    ]


def span(told: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": "eee19b7ec3c1b174",
        "startTimeUnixNano": str(NOON * 10**9 + 250_000_000),
        "endTimeUnixNano": str(NOON * 10**9 + 1_500_000_000),
        "attributes": attributes(told),
        **changes,
    }


def export(*spans: Any, resource: dict[str, Any] | None = None) -> str:
    held = {"attributes": attributes(resource or {"service.name": "checkout"})}
    return json.dumps(
        {"resourceSpans": [{"resource": held, "scopeSpans": [{"spans": list(spans)}]}]}
    )


def test_a_span_of_the_new_conventions_is_a_record() -> None:
    found = record(export(span(NEW)), COLLECTOR)
    assert found.tokens == TokenCounts(1000, 600, 100, output=300, reasoning=120)
    assert found.id == "5b8efff798038103d269b633813fc60c:eee19b7ec3c1b174"
    assert found.at == datetime.fromtimestamp(NOON + 0.25, UTC)
    assert (found.model, found.provider) == ("claude-sonnet-4-5-20250929", "aws")
    assert (found.feature, found.user, found.latency_ms) == ("checkout", "u-17", 1250)
    assert "secret" not in repr(found)


def test_a_span_of_the_old_conventions_is_a_record_too() -> None:
    found = record(export(span(OLD)), COLLECTOR)
    assert found.tokens == TokenCounts(50, 10, output=20)
    assert (found.model, found.provider) == ("gpt-4o", "openai")


def test_times_may_be_numbers_and_the_hour_is_exact() -> None:
    found = record(export(span(OLD, startTimeUnixNano=NOON * 10**9)), COLLECTOR)
    assert found.at == datetime.fromtimestamp(NOON, UTC)


@pytest.mark.parametrize("operation", ["invoke_agent", "execute_tool"])
def test_spans_that_repeat_the_tokens_of_others_are_left_out(operation: str) -> None:
    agent = span({**NEW, "gen_ai.operation.name": operation}, spanId="aa")
    records, rejections = told(export(agent, span(NEW)), COLLECTOR)
    assert (len(records), rejections) == (1, [])


def test_spans_that_are_no_usage_are_no_rejections() -> None:
    assert told(export(span({"http.request.method": "GET"})), COLLECTOR) == ([], [])


def without_tokens(operation: str, **more: Any) -> dict[str, Any]:
    return {"gen_ai.operation.name": operation, "gen_ai.request.model": "gpt-4o", **more}


@pytest.mark.parametrize(
    "operation", ["chat", "text_completion", "generate_content", "embeddings"]
)
def test_inference_that_tells_no_tokens_is_rejected_and_not_free(operation: str) -> None:
    missing = "gen_ai.usage.input_tokens and gen_ai.usage.output_tokens are missing"
    null = {"key": "gen_ai.usage.input_tokens", "value": {"stringValue": None}}
    told_null = [*attributes(without_tokens(operation)), null]
    for one in (span(without_tokens(operation)), span({}, attributes=told_null)):
        assert reasons(export(one), COLLECTOR) == [missing]


@pytest.mark.parametrize(
    "operation", ["execute_tool", "invoke_agent", "create_agent", "retrieval"]
)
def test_spans_of_what_uses_no_tokens_itself_are_left_out(operation: str) -> None:
    assert told(export(span(without_tokens(operation))), COLLECTOR) == ([], [])


def test_inference_that_failed_is_a_request_without_tokens() -> None:
    codes = (2, "STATUS_CODE_ERROR")
    by_status = [span(without_tokens("chat"), status={"code": code}) for code in codes]
    by_type = span(without_tokens("chat", **{"error.type": "429"}))
    for failed in (*by_status, by_type):
        found = record(export(failed), COLLECTOR)
        assert (found.requests, found.tokens, found.model) == (1, TokenCounts(), "gpt-4o")
    fine = span(without_tokens("chat"), status={"code": 1})
    assert len(reasons(export(fine), COLLECTOR)) == 1
    paid = span(NEW, status={"code": 2})  # broken off: what it used is told
    assert record(export(paid), COLLECTOR).tokens.output == 300


def test_attributes_of_other_kinds_do_no_harm() -> None:
    others = [
        {"key": "gen_ai.response.finish_reasons", "value": {"arrayValue": {"values": []}}},
        {"key": "empty"},
        {"key": "gen_ai.request.temperature", "value": {"doubleValue": 0.2}},
    ]
    plain = record(export(span(NEW)), COLLECTOR)
    assert record(export(span(NEW, attributes=attributes(NEW) + others)), COLLECTOR) == plain


def test_a_bad_span_is_lost_alone_and_by_its_place() -> None:
    payload = export(
        span(NEW, spanId="a"),
        span({**NEW, "gen_ai.usage.input_tokens": "many"}),
        "no span",
        span(NEW, attributes=[{"key": 7}]),
        span(NEW, startTimeUnixNano="later"),
        span(NEW, spanId="b"),
    )
    records, rejections = told(payload, COLLECTOR)
    assert [each.id[-1] for each in records] == ["a", "b"]
    spans = "resourceSpans[0].scopeSpans[0].spans"
    assert [(each.where, each.reason) for each in rejections] == [
        (f"{spans}[1]", "gen_ai.usage.input_tokens is not a number"),
        (f"{spans}[2]", "is not an object"),
        (f"{spans}[3]", "attributes are not pairs of key and value"),
        (f"{spans}[4]", "startTimeUnixNano is not a time in nanoseconds"),
    ]


@pytest.mark.parametrize(
    "again",
    [
        [{"key": "gen_ai.usage.input_tokens", "value": {"intValue": "99"}}],
        [{"key": "gen_ai.usage.input_tokens", "value": {"intValue": "1000"}}],
        [{"key": "tenant.id", "value": {"stringValue": "a", "boolValue": True}}],
    ],
    ids=["another value", "the same value", "two values in one"],
)
def test_an_attribute_that_is_told_twice_rejects_its_span_and_no_other(again: list[Any]) -> None:
    twice = span(NEW, attributes=attributes(NEW) + again)
    records, rejections = told(export(twice, span(NEW, spanId="b")), COLLECTOR)
    assert [each.id[-1] for each in records] == ["b"]
    assert [(each.where, each.reason) for each in rejections] == [
        ("resourceSpans[0].scopeSpans[0].spans[0]", "has the same attribute twice")
    ]


def test_the_tenant_is_named_by_the_span_or_by_its_resource() -> None:
    trusted = producer(UsageFormat.OTEL, tenants=frozenset({"globex", "initech"}))
    resource = {"bursar.tenant": "globex", "bursar.feature": "search", "service.name": "x"}
    by_resource = record(export(span(NEW), resource=resource), trusted)
    assert (by_resource.tenant, by_resource.feature) == ("globex", "search")
    by_span = span({**NEW, "tenant.id": "initech"})
    assert record(export(by_span, resource=resource), trusted).tenant == "initech"


def point(told: dict[str, Any], **changes: Any) -> dict[str, Any]:
    times = {
        "startTimeUnixNano": str(NOON * 10**9),
        "timeUnixNano": str((NOON + 60) * 10**9),
    }
    return {"attributes": attributes(told), **times, **changes}


def metrics(*told: dict[str, Any]) -> str:
    held = {"attributes": attributes({"service.name": "checkout"})}
    scoped = [{"metrics": list(told)}]
    return json.dumps({"resourceMetrics": [{"resource": held, "scopeMetrics": scoped}]})


SERVED = {"gen_ai.request.model": "gpt-4o", "gen_ai.system": "openai"}


def histogram(*points: dict[str, Any], temporality: Any = 1) -> dict[str, Any]:
    return {
        "name": "gen_ai.client.token.usage",
        "histogram": {"aggregationTemporality": temporality, "dataPoints": list(points)},
    }


INPUT = point({**SERVED, "gen_ai.token.type": "input"}, sum=5000, count="12")
OUTPUT = point({**SERVED, "gen_ai.token.type": "output"}, sum=700.0, count="12")


def added(*payloads: str) -> tuple[TokenCounts, int]:
    """Tokens and requests of these messages, each id once; bodies of one id must be the same."""
    found = {}
    for payload in payloads:
        records, rejections = told(payload, COLLECTOR)
        assert rejections == []
        for each in records:
            assert found.setdefault(each.id, each).digest == each.digest
    tokens = sum((each.tokens for each in found.values()), TokenCounts())
    return tokens, sum(each.requests for each in found.values())


def test_a_histogram_tells_its_input_with_the_requests_and_its_output() -> None:
    records, _ = told(metrics(histogram(INPUT, OUTPUT)), COLLECTOR)
    assert [(each.tokens, each.requests) for each in records] == [
        (TokenCounts(5000), 12),
        (TokenCounts(output=700), 0),
    ]
    for found in records:
        assert (found.model, found.provider, found.feature) == ("gpt-4o", "openai", "checkout")
        assert found.at == datetime.fromtimestamp(NOON, UTC)


@pytest.mark.parametrize(
    "messages",
    [
        [[INPUT, OUTPUT]],
        [[INPUT], [OUTPUT]],
        [[OUTPUT], [INPUT]],
        [[INPUT, OUTPUT], [INPUT], [OUTPUT, INPUT]],
        [[INPUT, INPUT, OUTPUT]],
    ],
    ids=["one message", "two", "the other way", "delivered again", "twice in one"],
)
def test_points_count_once_however_they_are_batched(messages: list[list[dict[str, Any]]]) -> None:
    payloads = [metrics(histogram(*points)) for points in messages]
    assert added(*payloads) == (TokenCounts(5000, output=700), 12)


def test_points_of_other_times_models_or_instruments_are_records_of_their_own() -> None:
    one = {**SERVED, "gen_ai.token.type": "input"}
    other = {**one, "gen_ai.request.model": "gpt-4o-mini"}
    later = point(one, sum=1, count=1, startTimeUnixNano=str((NOON + 60) * 10**9))
    payload = json.loads(
        metrics(histogram(point(one, sum=1, count=1), point(other, sum=1, count=1), later))
    )
    scoped = payload["resourceMetrics"][0]["scopeMetrics"]
    scoped.append({**scoped[0], "scope": {"name": "another.instrumentation"}})
    records, rejections = told(json.dumps(payload), COLLECTOR)
    assert (len({each.id for each in records}), rejections) == (6, [])


def total(name: str, tokens: int) -> dict[str, Any]:
    data = {"aggregationTemporality": 1, "dataPoints": [point(SERVED, asInt=str(tokens))]}
    return {"name": f"gen_ai.client.inference.usage.{name}", "sum": data}


def test_sums_of_parts_are_put_with_their_wholes() -> None:
    classes = {
        "input_tokens": 100,
        "cache_read.input_tokens": 60,
        "output_tokens": 9,
        "reasoning.output_tokens": 4,
    }
    sums = [total(name, tokens) for name, tokens in classes.items()]
    expected = (TokenCounts(100, 60, output=9, reasoning=4), 0)
    assert added(metrics(*sums)) == expected
    assert added(metrics(*sums[2:]), metrics(*sums[1::-1])) == expected


def test_a_part_without_its_whole_is_rejected_and_no_tokens_of_it_are_nothing() -> None:
    alone = metrics(total("cache_read.input_tokens", 60), total("output_tokens", 9))
    records, rejections = told(alone, COLLECTOR)
    assert [each.tokens for each in records] == [TokenCounts(output=9)]
    assert [each.reason for each in rejections] == [
        "cached_input tokens came without the input that they are a part of"
    ]
    assert told(metrics(total("cache_read.input_tokens", 0)), COLLECTOR) == ([], [])


def test_cumulative_points_are_rejected_with_the_way_out() -> None:
    payload = metrics(histogram(point({}, sum=1, count=1), temporality=2))
    assert reasons(payload, COLLECTOR) == ["is cumulative: export it with delta temporality"]


def test_a_bad_point_is_lost_alone() -> None:
    good = point({**SERVED, "gen_ai.token.type": "input"}, sum=5, count=1)
    bad = point({**SERVED, "gen_ai.token.type": "thought"}, sum=5, count=1)
    worse = point({**SERVED, "gen_ai.token.type": "output"}, sum=-5, count=1)
    twice = {**good, "attributes": good["attributes"] * 2}
    records, rejections = told(metrics(histogram(good, bad, worse, twice)), COLLECTOR)
    assert [each.tokens.input for each in records] == [5]
    assert [each.reason for each in rejections] == [
        "gen_ai.token.type is neither input nor output",
        "output is below zero",
        "has the same attribute twice",
    ]


def test_an_export_of_something_else_is_rejected() -> None:
    assert reasons('{"resourceLogs": []}', COLLECTOR) == [
        "has neither resourceSpans nor resourceMetrics"
    ]
    assert reasons('{"resourceSpans": {}}', COLLECTOR) == ["is not a list"]
