"""Amazon Bedrock's model invocation logs: JSONL as in S3, or a CloudWatch Logs subscription.

docs.aws.amazon.com/bedrock, "Monitor model invocation using CloudWatch Logs and Amazon S3".
`inputTokenCount` leaves out what was read from the cache and written to it (a Converse answer
counts likewise; quotas-token-burndown adds the three): the prompt is the sum. Writes for an hour
are told only in the answer's `usage`, when its body is logged.

The tenant and the feature come from `requestMetadata`, or from the inference profile's alias.
The key is the role (or user) that called, the user its session. Bodies hold prompts: of them,
nothing but counts is read. A call that failed (`errorCode`) has no tokens; any other that tells
none is rejected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bursar.adapters.usage_formats.documents import Payload, Told, attempt, documents, each
from bursar.adapters.usage_formats.fields import (
    MOST,
    count,
    instant,
    part,
    require_a_count,
    text,
    whole,
)
from bursar.adapters.usage_formats.strict_json import NotJsonError, Unfit, parse
from bursar.domain.usage.bedrock import PROVIDER, model_name
from bursar.domain.usage.producers import ProducerPolicy
from bursar.domain.usage.records import TokenCounts, UsageRecord
from bursar.domain.usage.told_records import usage_record


def read(payload: Payload, producer: ProducerPolicy) -> Iterator[Told]:
    for where, document in documents(payload):
        for place, item in each(where, document):
            for at, log in _log_events(place, item):
                yield from attempt(at, _record, log, producer)


def _log_events(where: str, item: Any) -> Iterator[tuple[str, Any]]:
    """The log itself, or those that a CloudWatch Logs subscription wraps as text."""
    if not isinstance(item, dict) or not isinstance(item.get("logEvents"), list):
        yield where, item
        return
    for n, event in enumerate(item["logEvents"]):
        message = event.get("message") if isinstance(event, dict) else None
        place = f"{where}.logEvents[{n}]".lstrip(".")
        try:
            yield place, parse(message) if isinstance(message, str) else Unfit("has no message")
        except NotJsonError as error:
            yield place, Unfit(str(error))


def _record(item: Mapping[str, Any], producer: ProducerPolicy) -> UsageRecord:
    asked, answered = part(item, "input"), part(item, "output")
    if not text(item, "errorCode"):
        require_a_count({**asked, **answered}, "inputTokenCount", "outputTokenCount")
    metadata = part(item, "requestMetadata")
    role, session = _caller(text(part(item, "identity"), "arn"))
    usage, metrics = _in_body(answered.get("outputBodyJson"))
    written = count(asked, "cacheWriteInputTokenCount")
    cached = count(asked, "cacheReadInputTokenCount")
    for_an_hour = min(written, _written_for_an_hour(usage))
    return usage_record(
        producer,
        id=text(item, "requestId"),
        at=instant(item, "timestamp"),
        tenant=text(metadata, "tenant"),
        model=model_name(text(item, "modelId")),
        provider=PROVIDER,
        feature=text(metadata, "feature"),
        user=text(metadata, "user") or session,
        key=role,
        tokens=TokenCounts(
            input=count(asked, "inputTokenCount") + cached + written,
            cached_input=cached,
            cache_write_5m=written - for_an_hour,
            cache_write_1h=for_an_hour,
            output=count(answered, "outputTokenCount"),
        ),
        latency_ms=_latency_ms(metrics.get("latencyMs")),
    )


def _latency_ms(told: Any) -> int | None:
    """Whole milliseconds; some models tell parts of them."""
    if told.__class__ is float and abs(told) <= MOST:
        told = round(told)
    return None if told is None else whole("latencyMs", told)


def _caller(arn: str) -> tuple[str, str]:
    """The role and its session, or the user twice; empty for anyone else."""
    kind, _, name = arn.rpartition(":")[2].partition("/")
    if kind == "assumed-role":
        role, _, session = name.partition("/")
        return role, session
    return (name, name) if kind == "user" else ("", "")


def _in_body(body: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The usage and the metrics in an answer's body; of a stream, in its first event."""
    first = body[0] if isinstance(body, list) and body else body
    if not isinstance(first, dict):
        return {}, {}
    message = first.get("message")
    holder = message if isinstance(message, dict) else first
    usage, metrics = holder.get("usage"), first.get("metrics")
    return (
        usage if isinstance(usage, dict) else {},
        metrics if isinstance(metrics, dict) else {},
    )


def _written_for_an_hour(usage: Mapping[str, Any]) -> int:
    """Anthropic's `cache_creation`, or Converse's `cacheDetails`."""
    if isinstance(details := usage.get("cacheDetails"), list):
        hours = [one for one in details if isinstance(one, dict) and one.get("ttl") == "1h"]
        return sum(count(one, "inputTokens") for one in hours)
    return count(part(usage, "cache_creation"), "ephemeral_1h_input_tokens")
