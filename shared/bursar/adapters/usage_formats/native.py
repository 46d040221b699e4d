"""Bursar's own format: JSON (an object, an array, or one a line) or CSV with the same names.

    id, at, tenant, model, provider, feature, user, key, requests, input_tokens,
    cached_input_tokens, cache_write_tokens, cache_write_1h_tokens, output_tokens,
    reasoning_tokens, latency_ms, batch

`input_tokens` counts all of the prompt; the cached and the written are parts of it.
`cache_write_tokens` are those kept for five minutes, those of an hour are counted apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bursar.adapters.usage_formats.cells import rows_of_csv
from bursar.adapters.usage_formats.documents import Payload, Told, attempt, documents, each
from bursar.adapters.usage_formats.fields import (
    FieldError,
    count,
    digits,
    flag,
    instant,
    refuse_other_currencies,
    require_a_count,
    text,
)
from bursar.domain.usage.producers import ProducerPolicy
from bursar.domain.usage.records import TokenCounts, UsageRecord
from bursar.domain.usage.told_records import usage_record

_COUNTS = (
    "requests",
    "input_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
    "latency_ms",
)
_TRUTH = {"": False, "0": False, "false": False, "1": True, "true": True}


def read(payload: Payload, producer: ProducerPolicy) -> Iterator[Told]:
    if (rows := rows_of_csv(payload, "model")) is not None:
        for where, cells in rows:
            yield from attempt(where, _record_of_cells, cells, producer)
        return
    for where, document in documents(payload):
        for place, item in each(where, document):
            yield from attempt(place, _record, item, producer)


def _record(item: Mapping[str, Any], producer: ProducerPolicy) -> UsageRecord:
    refuse_other_currencies(item, "currency")
    require_a_count(item, "input_tokens", "output_tokens")
    return usage_record(
        producer,
        id=text(item, "id"),
        at=instant(item, "at"),
        tenant=text(item, "tenant"),
        model=text(item, "model"),
        provider=text(item, "provider"),
        feature=text(item, "feature"),
        user=text(item, "user"),
        key=text(item, "key"),
        requests=count(item, "requests", default=1),
        tokens=TokenCounts(
            count(item, "input_tokens"),
            count(item, "cached_input_tokens"),
            count(item, "cache_write_tokens"),
            count(item, "cache_write_1h_tokens"),
            count(item, "output_tokens"),
            count(item, "reasoning_tokens"),
        ),
        batch=flag(item, "batch"),
        latency_ms=None if item.get("latency_ms") is None else count(item, "latency_ms"),
    )


def _record_of_cells(cells: Mapping[str, str], producer: ProducerPolicy) -> UsageRecord:
    item: dict[str, Any] = dict(cells)
    for name in _COUNTS:
        if name in item:
            item[name] = digits(name, item[name])
    batch = cells.get("batch", "").lower()
    if batch not in _TRUTH:
        raise FieldError("batch is neither true nor false")
    return _record(item | {"batch": _TRUTH[batch]}, producer)
