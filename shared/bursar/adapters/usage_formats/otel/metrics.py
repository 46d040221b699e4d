"""Token metrics: the points that share attributes and times are one record.

`gen_ai.client.token.usage` is a histogram with `gen_ai.token.type`; the newer
`gen_ai.client.inference.usage.*` are sums, one a class of tokens. Only what was counted since
the last export (delta temporality) can be added up; a cumulative point is rejected.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from bursar.adapters.usage_formats.documents import Told
from bursar.adapters.usage_formats.fields import FieldError, count, digits, text
from bursar.adapters.usage_formats.otel.attributes import (
    attributes,
    instant_nanos,
    model,
    nested,
    whose,
)
from bursar.adapters.usage_formats.strict_json import Unfit
from bursar.domain.usage.producers import ProducerPolicy, TenantRefusedError
from bursar.domain.usage.records import TokenCounts, UsageRecord, UsageRecordError
from bursar.domain.usage.rejections import Rejection
from bursar.domain.usage.told_records import usage_record

_HISTOGRAM = "gen_ai.client.token.usage"
_SUMS = "gen_ai.client.inference.usage."
_CLASSES = {
    "input": "input",
    "prompt": "input",
    "input_tokens": "input",
    "output": "output",
    "completion": "output",
    "output_tokens": "output",
    "cache_read.input_tokens": "cached_input",
    "cache_write.input_tokens": "cache_write_5m",
    "reasoning.output_tokens": "reasoning",
}
_TYPE = "gen_ai.token.type"
_DELTA = (1, "AGGREGATION_TEMPORALITY_DELTA")


@dataclass
class _Group:
    """The points of one window and set of attributes."""

    told: Mapping[str, Any]
    resource: Mapping[str, Any]
    point: Mapping[str, Any]
    tokens: dict[str, int] = field(default_factory=dict)
    requests: int = 0


def read(where: str, export: dict[str, Any], producer: ProducerPolicy) -> Iterator[Told]:
    groups: dict[str, tuple[str, _Group]] = {}
    names = ("resourceMetrics", "scopeMetrics", "metrics")
    for place, above, metric in nested(where, export, *names):
        if not isinstance(metric, dict):
            yield Rejection(place, metric.reason if isinstance(metric, Unfit) else "is no metric")
        elif _is_token_metric(metric.get("name")):
            yield from _gather(place, above, metric, groups)
    for name, (place, group) in groups.items():
        try:
            yield _record(name, group, producer)
        except (FieldError, UsageRecordError, TenantRefusedError) as error:
            yield Rejection(place, str(error))


def _is_token_metric(name: Any) -> bool:
    return isinstance(name, str) and (name == _HISTOGRAM or name.startswith(_SUMS))


def _gather(
    where: str, above: list[Any], metric: dict[str, Any], groups: dict[str, tuple[str, _Group]]
) -> Iterator[Rejection]:
    kind = "histogram" if "histogram" in metric else "sum"
    data = metric.get(kind)
    if not isinstance(data, dict):
        yield Rejection(where, "is neither a histogram nor a sum")
        return
    if data.get("aggregationTemporality") not in _DELTA:
        yield Rejection(where, "is cumulative: export it with delta temporality")
        return
    for place, _, point in nested(f"{where}.{kind}", data, "dataPoints"):
        try:
            _add(place, above, metric["name"], point, groups)
        except FieldError as error:
            yield Rejection(place, str(error))


def _add(
    where: str, above: list[Any], metric: str, point: Any, groups: dict[str, tuple[str, _Group]]
) -> None:
    if not isinstance(point, dict):
        raise FieldError("the point is not an object")
    told = attributes(point)
    named = text(told, _TYPE) if metric == _HISTOGRAM else metric.removeprefix(_SUMS)
    if (counted := _CLASSES.get(named)) is None:
        raise FieldError(f"{_TYPE} is neither input nor output")
    holder = above[1].get("resource")
    resource = attributes(holder) if isinstance(holder, dict) else {}
    shared = {name: value for name, value in told.items() if name != _TYPE}
    times = [str(point.get(name)) for name in ("startTimeUnixNano", "timeUnixNano")]
    key = json.dumps([resource, shared, times], sort_keys=True, default=repr)  # an Unfit
    _, group = groups.setdefault(key, (where, _Group(shared, resource, point)))
    names = ("sum",) if metric == _HISTOGRAM else ("asInt", "asDouble")
    value = next((point[name] for name in names if name in point), None)
    group.tokens[counted] = group.tokens.get(counted, 0) + digits(counted, value)
    if metric == _HISTOGRAM and counted == "input":
        group.requests += digits("count", point.get("count"))


def _record(key: str, group: _Group, producer: ProducerPolicy) -> UsageRecord:
    """Points of one group may come in several exports: the id names the classes that came."""
    named = json.dumps([key, sorted(group.tokens)])
    point = group.point
    name = "startTimeUnixNano" if point.get("startTimeUnixNano") else "timeUnixNano"
    return usage_record(
        producer,
        id=sha256(named.encode()).hexdigest()[:32],
        at=instant_nanos(name, point.get(name)),
        model=model(group.told),
        requests=group.requests,
        tokens=TokenCounts(**{each: count(group.tokens, each) for each in sorted(group.tokens)}),
        **whose(group.told, group.resource),
    )
