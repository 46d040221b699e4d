"""OpenTelemetry's GenAI conventions in OTLP JSON: spans of inference, and token metrics.

Old names and new ones: opentelemetry.io/docs/specs/semconv/gen-ai (1.36 and before, and since).
Input includes what was cached.
"""

from __future__ import annotations

from collections.abc import Iterator

from bursar.adapters.usage_formats.documents import Payload, Told, documents, each
from bursar.adapters.usage_formats.otel import metrics, spans
from bursar.adapters.usage_formats.strict_json import Unfit
from bursar.domain.usage.producers import ProducerPolicy
from bursar.domain.usage.rejections import Rejection


def read(payload: Payload, producer: ProducerPolicy) -> Iterator[Told]:
    for where, document in documents(payload):
        for place, export in each(where, document):
            if not isinstance(export, dict):
                reason = export.reason if isinstance(export, Unfit) else "is not an object"
                yield Rejection(place, reason)
            elif "resourceSpans" in export or "resourceMetrics" in export:
                yield from spans.read(place, export, producer)
                yield from metrics.read(place, export, producer)
            else:
                yield Rejection(place, "has neither resourceSpans nor resourceMetrics")
