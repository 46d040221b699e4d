"""Observations exported from Langfuse: its API (`{"data": [...]}`), an array, or JSONL.

Generations and embeddings are usage; spans and events are not. The API writes camelCase, an
export to blob storage snake_case.

`usageDetails` are buckets: langfuse.com/docs/model-usage-and-cost sums the keys that hold
`input` and those that hold `output`, and keys beyond `input` (`input_cached_tokens`,
`cache_read_input_tokens`) are not part of it. Many SDKs have sent an `input` that already held
the cached tokens; then the `total` that the provider told is `input` plus `output` alone, and
the other buckets are taken as parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bursar.adapters.usage_formats.documents import Payload, Told, attempt, documents, each
from bursar.adapters.usage_formats.fields import count, instant, part, text, whole
from bursar.domain.usage.producers import ProducerPolicy
from bursar.domain.usage.records import TokenCounts, UsageRecord
from bursar.domain.usage.told_records import usage_record

_USAGE = ("GENERATION", "EMBEDDING")
_MILLISECOND = 1000


def read(payload: Payload, producer: ProducerPolicy) -> Iterator[Told]:
    for where, document in documents(payload):
        if isinstance(document, dict) and isinstance(document.get("data"), list):
            where, document = f"{where}.data".lstrip("."), document["data"]
        for place, item in each(where, document):
            yield from attempt(place, _record, item, producer)


def _record(item: Mapping[str, Any], producer: ProducerPolicy) -> UsageRecord | None:
    if text(item, "type") not in _USAGE:
        return None
    metadata = item.get("metadata")
    told = metadata if isinstance(metadata, dict) else {}
    started = instant(item, "startTime", "start_time")
    return usage_record(
        producer,
        id=text(item, "id"),
        at=started,
        tenant=text(told, "tenant"),
        model=text(item, "model", "providedModelName", "provided_model_name"),
        provider=text(told, "provider", "ls_provider"),
        feature=text(told, "feature") or text(item, "traceName", "trace_name"),
        user=text(item, "userId", "user_id"),
        tokens=_tokens(item),
        latency_ms=_latency_ms(item, started),
    )


def _tokens(item: Mapping[str, Any]) -> TokenCounts:
    details = part(item, "usageDetails") or part(item, "usage_details")
    if not details:
        usage = part(item, "usage")
        return TokenCounts(
            input=count(usage, "input", "promptTokens"),
            output=count(usage, "output", "completionTokens"),
        )
    buckets = {
        name: whole("usageDetails", value)  # a bucket's own name may be anything
        for name, value in details.items()
        if value is not None and any(kind in name for kind in ("input", "output", "total"))
    }
    inputs = {name: tokens for name, tokens in buckets.items() if "input" in name}
    outputs = {name: tokens for name, tokens in buckets.items() if "output" in name}
    whole_input, whole_output = sum(inputs.values()), sum(outputs.values())
    bare = inputs.get("input", 0) + outputs.get("output", 0)
    if buckets.get("total") == bare != whole_input + whole_output:
        whole_input, whole_output = inputs.get("input", 0), outputs.get("output", 0)
    written = {name: n for name, n in inputs.items() if "creat" in name or "write" in name}
    for_an_hour = sum(n for name, n in written.items() if "1h" in name)
    return TokenCounts(
        input=whole_input,
        cached_input=sum(n for name, n in inputs.items() if "cache" in name)
        - sum(written.values()),
        cache_write_5m=sum(written.values()) - for_an_hour,
        cache_write_1h=for_an_hour,
        output=whole_output,
        reasoning=sum(n for name, n in outputs.items() if "reasoning" in name),
    )


def _latency_ms(item: Mapping[str, Any], started: datetime) -> int | None:
    if item.get("endTime") is None and item.get("end_time") is None:
        return None
    ended = instant(item, "endTime", "end_time")
    return max(0, round((ended - started).total_seconds() * _MILLISECOND))
