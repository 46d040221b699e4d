"""Spans of inference: one request each, which tells its tokens unless it failed.

Spans of agents, workflows and tools repeat the tokens of the inference spans below them, and
are left out, as other spans are that tell no tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bursar.adapters.usage_formats.documents import Told, attempt
from bursar.adapters.usage_formats.fields import FieldError, count, part, text
from bursar.adapters.usage_formats.otel.attributes import (
    attributes,
    instant_nanos,
    model,
    nested,
    whose,
)
from bursar.domain.usage.producers import ProducerPolicy
from bursar.domain.usage.records import TokenCounts, UsageRecord
from bursar.domain.usage.told_records import usage_record

INPUT = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")
OUTPUT = ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens")
CACHED = (
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.input_tokens.cached",
)
WRITTEN = (
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.input_tokens.cache_write",
)
REASONING = ("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.output_tokens.reasoning")
_INFERENCE = frozenset({"chat", "text_completion", "generate_content", "embeddings"})
_REPEATING = frozenset({"invoke_agent", "create_agent", "invoke_workflow", "execute_tool"})
_ERROR = (2, "STATUS_CODE_ERROR")


def read(where: str, export: dict[str, Any], producer: ProducerPolicy) -> Iterator[Told]:
    for place, above, span in nested(where, export, "resourceSpans", "scopeSpans", "spans"):
        yield from attempt(place, _record, span, above, producer)


def _record(
    span: Mapping[str, Any], above: list[Any], producer: ProducerPolicy
) -> UsageRecord | None:
    told = attributes(span)
    operation = text(told, "gen_ai.operation.name")
    if operation in _REPEATING:
        return None
    if all(told.get(name) is None for name in INPUT + OUTPUT):
        if operation not in _INFERENCE:
            return None
        if part(span, "status").get("code") not in _ERROR and "error.type" not in told:
            raise FieldError(f"{INPUT[0]} and {OUTPUT[0]} are missing")
    started = instant_nanos("startTimeUnixNano", span.get("startTimeUnixNano"))
    latency = None
    if span.get("endTimeUnixNano") is not None:
        latency = instant_nanos("endTimeUnixNano", span["endTimeUnixNano"]) - started
    return usage_record(
        producer,
        id=":".join(filter(None, (text(span, "traceId"), text(span, "spanId")))),
        at=started,
        model=model(told),
        tokens=TokenCounts(
            input=count(told, *INPUT),
            cached_input=count(told, *CACHED),
            cache_write_5m=count(told, *WRITTEN),
            output=count(told, *OUTPUT),
            reasoning=count(told, *REASONING),
        ),
        latency_ms=None if latency is None else max(0, round(latency.total_seconds() * 1000)),
        **whose(told, attributes(_resource(above))),
    )


def _resource(above: list[Any]) -> Mapping[str, Any]:
    resource = above[1].get("resource")
    return resource if isinstance(resource, dict) else {}
