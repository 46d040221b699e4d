"""Reading a payload in a test: by a producer with a tenant of its own, or a trusted gateway."""

from __future__ import annotations

from typing import Any

from bursar.adapters.usage_formats.reading import read
from bursar.domain.usage.producers import ProducerPolicy, UsageFormat
from bursar.domain.usage.records import UsageRecord
from bursar.domain.usage.rejections import Placed, Rejection


def producer(format_: UsageFormat, **settings: Any) -> ProducerPolicy:
    """Of the tenant `acme`, unless `tenants` says otherwise."""
    whose = {} if "tenants" in settings else {"tenant": "acme"}
    return ProducerPolicy(**{"name": "gateway", "format": format_, **whose, **settings})


def told(payload: Any, by: ProducerPolicy) -> tuple[list[UsageRecord], list[Rejection]]:
    """Records and rejections, each in their order."""
    found = list(read(payload, by))
    return (
        [each.record for each in found if isinstance(each, Placed)],
        [each for each in found if isinstance(each, Rejection)],
    )


def record(payload: Any, by: ProducerPolicy) -> UsageRecord:
    """The one record of a payload that is all good."""
    ((only,), rejections) = told(payload, by)
    assert rejections == []
    return only


def reasons(payload: Any, by: ProducerPolicy) -> list[str]:
    """Why nothing of a payload was taken."""
    records, rejections = told(payload, by)
    assert records == []
    return [each.reason for each in rejections]
