"""Token metrics: what a point counted is a record, whichever other points it came with.

`gen_ai.client.token.usage` is a histogram with `gen_ai.token.type`; the newer
`gen_ai.client.inference.usage.*` are sums, one a class of tokens. Only what was counted since
the last export (delta temporality) can be added up; a cumulative point is rejected.

Input and output are told apart: a record each, so that points which arrive in other batches, or
again, are the same records. What was cached is a part of the input, and reasoning one of the
output (opentelemetry.io/docs/specs/semconv/gen-ai): a part goes into the record of its whole,
which must be in the same message; alone it can neither be priced nor added, and is rejected.
Requests are those that the input's histogram counted.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from bursar.adapters.usage_formats.documents import Told
from bursar.adapters.usage_formats.fields import FieldError, digits, text
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
from bursar.domain.usage.rejections import Placed, Rejection
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
_WHOLES = {"cached_input": "input", "cache_write_5m": "input", "reasoning": "output"}
_TYPE = "gen_ai.token.type"
_DELTA = (1, "AGGREGATION_TEMPORALITY_DELTA")


@dataclass
class _Group:
    """The points of one window, one set of attributes and one whole: input or output."""

    where: str
    told: Mapping[str, Any]
    resource: Mapping[str, Any]
    point: Mapping[str, Any]
    tokens: dict[str, int] = field(default_factory=dict)
    requests: int = 0


@dataclass
class _Groups:
    """By what they are of, and its how-manieth telling: a point that stands in a message twice
    is told again, and no more tokens."""

    found: dict[tuple[str, int], _Group] = field(default_factory=dict)
    tellings: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, key: str, counted: str, tokens: int, group: _Group) -> None:
        telling = self.tellings[key, counted]
        self.tellings[key, counted] += 1
        kept = self.found.setdefault((key, telling), group)
        kept.tokens[counted] = tokens
        kept.requests = max(kept.requests, group.requests)


def read(where: str, export: dict[str, Any], producer: ProducerPolicy) -> Iterator[Told]:
    groups = _Groups()
    names = ("resourceMetrics", "scopeMetrics", "metrics")
    for place, above, metric in nested(where, export, *names):
        if not isinstance(metric, dict):
            yield Rejection(place, metric.reason if isinstance(metric, Unfit) else "is no metric")
        elif _is_token_metric(metric.get("name")):
            yield from _gather(place, above, metric, groups)
    for (name, _), group in groups.found.items():
        try:
            yield Placed(group.where, _record(name, group, producer))
        except (FieldError, UsageRecordError, TenantRefusedError) as error:
            yield Rejection(group.where, str(error))


def _is_token_metric(name: Any) -> bool:
    return isinstance(name, str) and (name == _HISTOGRAM or name.startswith(_SUMS))


def _gather(
    where: str, above: list[Any], metric: dict[str, Any], groups: _Groups
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


def _add(where: str, above: list[Any], metric: str, point: Any, groups: _Groups) -> None:
    if not isinstance(point, dict):
        raise FieldError("the point is not an object")
    told = attributes(point)
    named = text(told, _TYPE) if metric == _HISTOGRAM else metric.removeprefix(_SUMS)
    if (counted := _CLASSES.get(named)) is None:
        raise FieldError(f"{_TYPE} is neither input nor output")
    names = ("sum",) if metric == _HISTOGRAM else ("asInt", "asDouble")
    tokens = digits(counted, next((point[name] for name in names if name in point), None))
    requests = 0
    if metric == _HISTOGRAM and counted == "input":
        requests = digits("count", point.get("count"))
    whole = _WHOLES.get(counted, counted)
    if whole != counted and not tokens:
        return
    shared = {name: value for name, value in told.items() if name != _TYPE}
    resource, scope = _resource(above), above[2].get("scope")
    times = [str(point.get(name)) for name in ("startTimeUnixNano", "timeUnixNano")]
    of = [resource, scope, shared, times, metric == _HISTOGRAM, whole]
    key = json.dumps(of, sort_keys=True, default=repr)  # an Unfit
    groups.add(key, counted, tokens, _Group(where, shared, resource, point, requests=requests))


def _resource(above: list[Any]) -> Mapping[str, Any]:
    told = above[1].get("resource")
    return attributes(told) if isinstance(told, dict) else {}


def _record(key: str, group: _Group, producer: ProducerPolicy) -> UsageRecord:
    for part, whole in _WHOLES.items():
        if part in group.tokens and whole not in group.tokens:
            raise FieldError(f"{part} tokens came without the {whole} that they are a part of")
    point = group.point
    name = "startTimeUnixNano" if point.get("startTimeUnixNano") else "timeUnixNano"
    return usage_record(
        producer,
        id=sha256(key.encode()).hexdigest()[:32],
        at=instant_nanos(name, point.get(name)),
        model=model(group.told),
        requests=group.requests,
        tokens=TokenCounts(**group.tokens),
        **whose(group.told, group.resource),
    )
