"""Observations exported from Langfuse: its API (`{"data": [...]}`), an array, JSONL or CSV.

Generations and embeddings are usage; spans and events are not. The API writes camelCase. The
export to blob storage (langfuse.com, "Blob Storage Export Field Reference") writes snake_case,
times in UTC without saying so, and in CSV objects as JSON in their cell.

An observation is told again when it has ended: until then, one without tokens is left out. One
that failed (`level` ERROR) may have none; any other that tells none is rejected.

`usageDetails` are buckets: langfuse.com/docs/model-usage-and-cost sums the keys that hold
`input` and those that hold `output`, and keys beyond `input` (`input_cached_tokens`,
`cache_read_input_tokens`) are not part of it. Many SDKs have sent an `input` that already held
the cached tokens; then the `total` that the provider told is `input` plus `output` alone, and
the other buckets are taken as parts. The total tells it of input and output each: some hold
what was cached, and not the reasoning.

Until May 2026 what OpenInference calls `llm.token_count.prompt_details.cache_read` was kept as
`prompt_details.cache_read`: a bucket of the input, like all of `prompt_details`, as those of
`completion_details` are of the output. Without a total they are parts of it, by their name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from bursar.adapters.usage_formats.cells import rows_of_csv
from bursar.adapters.usage_formats.documents import Payload, Place, Told, attempt, documents, each
from bursar.adapters.usage_formats.fields import (
    FieldError,
    count,
    digits,
    instant,
    part,
    text,
)
from bursar.adapters.usage_formats.strict_json import NotJsonError, parse
from bursar.domain.usage.producers import ProducerPolicy
from bursar.domain.usage.records import TokenCounts, UsageRecord
from bursar.domain.usage.told_records import usage_record

_USAGE = ("GENERATION", "EMBEDDING")
_TEXTS = (
    *("id", "type", "start_time", "end_time", "level"),
    *("provided_model_name", "trace_name", "user_id"),
)
_MILLISECOND = 1000
_INPUTS = ("input", "prompt_details.")
_OUTPUTS = ("output", "completion_details.")
_UNTOLD = "usageDetails tell neither input nor output tokens"


def read(payload: Payload, producer: ProducerPolicy) -> Iterator[Told]:
    for place, item in _observations(payload):
        yield from attempt(place, _record, item, producer)


def _observations(payload: Payload) -> Iterator[Place]:
    if (rows := rows_of_csv(payload, "start_time")) is not None:
        for where, row in rows:
            yield where, _cells_of(row)
        return
    for where, document in documents(payload):
        if isinstance(document, dict) and isinstance(document.get("data"), list):
            where, document = f"{where}.data".lstrip("."), document["data"]
        yield from each(where, document)


def _record(item: Mapping[str, Any], producer: ProducerPolicy) -> UsageRecord | None:
    kind = text(item, "type")
    if not kind:
        raise FieldError("type is missing: observations have one")
    if kind not in _USAGE:
        return None
    told = _metadata(item)
    started = instant(item, "startTime", "start_time", zoneless=UTC)
    latency_ms = _latency_ms(item, started)
    tokens = _tokens(item)
    if latency_ms is None and not (tokens and tokens.total):
        return None
    if tokens is None and text(item, "level") != "ERROR":
        raise FieldError(_UNTOLD)
    return usage_record(
        producer,
        id=text(item, "id"),
        at=started,
        tenant=text(told, "tenant"),
        model=text(item, "model", "providedModelName", "provided_model_name"),
        provider=text(told, "provider", "ls_provider"),
        feature=text(told, "feature") or text(item, "traceName", "trace_name"),
        user=text(item, "userId", "user_id"),
        tokens=tokens or TokenCounts(),
        latency_ms=latency_ms,
    )


def _tokens(item: Mapping[str, Any]) -> TokenCounts | None:
    """None where nothing is told of any; Langfuse fills its older `usage` with zeros then."""
    usage = part(item, "usage")
    if (text(usage, "unit") or text(item, "unit")) not in ("", "TOKENS"):
        raise FieldError("usage.unit is not TOKENS")
    if details := _object(item, "usageDetails") or _object(item, "usage_details"):
        return _of_buckets(details)
    counted = TokenCounts(
        input=count(usage, "input", "promptTokens"),
        output=count(usage, "output", "completionTokens"),
    )
    return counted if counted.total else None


def _of_buckets(details: Mapping[str, Any]) -> TokenCounts:
    buckets = {
        name: digits("usageDetails", value)  # a bucket's own name may be anything
        for name, value in details.items()
        if value is not None and any(kind in name for kind in (*_INPUTS, *_OUTPUTS, "total"))
    }
    inputs = _of_kind(_INPUTS, buckets)
    outputs = _of_kind(_OUTPUTS, buckets)
    if not (inputs or outputs):
        raise FieldError(_UNTOLD)
    whole_input, whole_output = _wholes(inputs, outputs, buckets.get("total"))
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


def _of_kind(kinds: tuple[str, ...], buckets: Mapping[str, int]) -> dict[str, int]:
    return {name: n for name, n in buckets.items() if any(kind in name for kind in kinds)}


def _wholes(
    inputs: Mapping[str, int], outputs: Mapping[str, int], total: int | None
) -> tuple[int, int]:
    """Input and output tokens, of which the other buckets are parts where the total says so."""
    added = sum(inputs.values()), sum(outputs.values())
    bare = inputs.get("input", added[0]), outputs.get("output", added[1])
    if total is None:
        named_parts = any("_details." in name for name in (*inputs, *outputs))
        return bare if named_parts else added
    for whole in (bare, added, (bare[0], added[1]), (added[0], bare[1])):
        if sum(whole) == total:
            return whole
    return added


def _metadata(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """An observation's own; whatever else stands there says nothing to us."""
    try:
        return _object(item, "metadata")
    except FieldError:
        return {}


def _latency_ms(item: Mapping[str, Any], started: datetime) -> int | None:
    if item.get("endTime") is None and item.get("end_time") is None:
        return None
    ended = instant(item, "endTime", "end_time", zoneless=UTC)
    return max(0, round((ended - started).total_seconds() * _MILLISECOND))


def _object(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object within the observation, or written as JSON in a text of it."""
    value = item.get(name)
    if isinstance(value, str):
        try:
            value = parse(value)
        except NotJsonError:
            raise FieldError(f"{name} is not JSON") from None
    return part({name: value}, name)


def _cells_of(row: Any) -> Any:
    """A row of CSV. Older Langfuse wrote texts in it as JSON, quotes and all, and null as ""."""
    if not isinstance(row, dict):
        return row
    return row | {name: _unquoted(row[name]) for name in _TEXTS if name in row}


def _unquoted(cell: str) -> Any:
    if not (cell.startswith('"') and cell.endswith('"')):
        return cell
    try:
        return parse(cell) or None
    except NotJsonError:
        return cell
