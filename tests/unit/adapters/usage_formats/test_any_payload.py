"""Whatever bytes come: reading never raises, and loses no good record beside them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from bursar.adapters.usage_formats.reading import read
from bursar.domain.usage.producers import UsageFormat
from bursar.domain.usage.rejections import Placed, Rejection
from tests.unit.adapters.usage_formats.telling import producer, told
from tests.unit.adapters.usage_formats.test_bedrock import LOG
from tests.unit.adapters.usage_formats.test_langfuse import GENERATION
from tests.unit.adapters.usage_formats.test_litellm import PAYLOAD
from tests.unit.adapters.usage_formats.test_native import FULL
from tests.unit.adapters.usage_formats.test_otel import (
    NEW,
    SERVED,
    export,
    histogram,
    metrics,
    span,
)
from tests.unit.adapters.usage_formats.test_otel import point as metric_point
from tests.unit.for_all import for_all

GOOD: dict[UsageFormat, Any] = {
    UsageFormat.BURSAR: FULL,
    UsageFormat.LITELLM: PAYLOAD,
    UsageFormat.LANGFUSE: GENERATION,
    UsageFormat.BEDROCK: LOG,
    UsageFormat.OTEL: json.loads(export(span(NEW))),
}
POINT = metric_point({**SERVED, "gen_ai.token.type": "input"}, sum=1, count=1)
SAMPLES = [*GOOD.items(), (UsageFormat.OTEL, json.loads(metrics(histogram(POINT))))]

text = st.text(st.characters(), max_size=20) | st.sampled_from(["\ud800", "2026-11-20T12:00:00Z"])
numbers = st.integers() | st.floats() | st.sampled_from([10**15, 10**16, -1, True, 1e308])
anything = st.recursive(
    st.none() | st.booleans() | numbers | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=10,
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where each part of a JSON value is."""
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path, *(found for key, part in inner for found in paths(part, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    if not path:
        return by
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], by)
    return copy


@for_all(payload=st.binary(max_size=200) | text, format_=st.sampled_from(UsageFormat))
def test_any_bytes_are_records_or_rejections(payload: bytes | str, format_: UsageFormat) -> None:
    for each in read(payload, producer(format_)):
        assert isinstance(each, Placed | Rejection)


@for_all(value=anything, format_=st.sampled_from(UsageFormat))
def test_any_json_is_records_or_rejections(value: Any, format_: UsageFormat) -> None:
    for each in read(json.dumps(value), producer(format_)):
        assert isinstance(each, Placed | Rejection)


@for_all(sample=st.sampled_from(SAMPLES), where=st.integers(0), by=anything)
def test_a_spoilt_part_loses_no_record_beside_it(
    sample: tuple[UsageFormat, Any], where: int, by: Any
) -> None:
    """Any one value of a good message is replaced by anything, between two good messages."""
    format_, good = sample
    places = paths(good)
    spoilt = replaced(good, places[where % len(places)], by)
    payload = json.dumps([GOOD[format_], spoilt, GOOD[format_]])
    records, _ = told(payload, producer(format_))
    (expected,), _ = told(json.dumps(GOOD[format_]), producer(format_))
    assert records[0] == records[-1] == expected
    for each in records:
        assert each.digest


@for_all(
    sample=st.sampled_from(SAMPLES), where=st.integers(0), secret=st.text("λμξπσφψω", min_size=5)
)
def test_no_reason_quotes_what_a_field_held(
    sample: tuple[UsageFormat, Any], where: int, secret: str
) -> None:
    format_, good = sample
    places = paths(good)
    for by in (secret, [secret], {secret: secret}):
        spoilt = json.dumps(replaced(good, places[where % len(places)], by))
        for rejection in told(spoilt, producer(format_))[1]:
            assert secret not in rejection.reason + rejection.where


def test_an_attribute_of_a_metric_that_is_no_number_stops_nothing() -> None:
    export_, path = SAMPLES[-1][1], ("resourceMetrics", 0, "resource", "attributes", 0, "value")
    spoilt = replaced(export_, (*path, "stringValue"), float("inf"))
    both = json.dumps([spoilt, GOOD[UsageFormat.OTEL]])
    records, _ = told(both, producer(UsageFormat.OTEL))
    (expected,), _ = told(json.dumps(GOOD[UsageFormat.OTEL]), producer(UsageFormat.OTEL))
    assert records[-1] == expected
