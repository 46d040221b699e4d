"""Bursar's own format: JSON (an object, an array, or one a line) or CSV with the same names.

    id, at, tenant, model, provider, feature, user, key, requests, input_tokens,
    cached_input_tokens, cache_write_tokens, cache_write_1h_tokens, output_tokens,
    reasoning_tokens, latency_ms, batch

`input_tokens` counts all of the prompt; the cached and the written are parts of it.
`cache_write_tokens` are those kept for five minutes, those of an hour are counted apart.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from bursar.adapters.usage_formats.documents import (
    Payload,
    Told,
    as_text,
    attempt,
    documents,
    each,
)
from bursar.adapters.usage_formats.fields import (
    FieldError,
    count,
    digits,
    flag,
    instant,
    refuse_other_currencies,
    text,
)
from bursar.domain.usage.producers import ProducerPolicy
from bursar.domain.usage.records import TokenCounts, UsageRecord
from bursar.domain.usage.rejections import Rejection
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
    if not isinstance(payload, Mapping) and _looks_like_csv(start := as_text(payload)):
        yield from _read_csv(start, producer)
        return
    for where, document in documents(payload):
        for place, item in each(where, document):
            yield from attempt(place, _record, item, producer)


def _record(item: Mapping[str, Any], producer: ProducerPolicy) -> UsageRecord:
    refuse_other_currencies(item, "currency")
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


def _looks_like_csv(content: str) -> bool:
    start = content.lstrip()[:1]
    header = content.partition("\n")[0]
    return start not in ("", "{", "[") and "," in header and "model" in header


def _read_csv(content: str, producer: ProducerPolicy) -> Iterator[Told]:
    rows = csv.reader(io.StringIO(content, newline=""), strict=True)
    header: list[str] | None = None
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            yield Rejection(f"line {rows.line_num}", "is not CSV")
            continue
        where = f"line {rows.line_num}"
        if header is None:
            header = [name.strip() for name in row]
            if len(set(header)) != len(header):
                yield Rejection(where, "has the same column twice")
                return
        elif len(row) == len(header):
            cells = dict(zip(header, row, strict=True))
            yield from attempt(where, _record_of_cells, cells, producer)
        elif row:
            yield Rejection(where, f"has {len(row)} cells under {len(header)} columns")


def _record_of_cells(cells: dict[str, str], producer: ProducerPolicy) -> UsageRecord:
    item: dict[str, Any] = {name: cell for name, cell in cells.items() if cell}
    for name in _COUNTS:
        if name in item:
            item[name] = digits(name, item[name])
    batch = cells.get("batch", "").lower()
    if batch not in _TRUTH:
        raise FieldError("batch is neither true nor false")
    return _record(item | {"batch": _TRUTH[batch]}, producer)
