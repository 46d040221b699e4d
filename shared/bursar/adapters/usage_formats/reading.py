"""Usage in whichever format its producer writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from bursar.adapters.usage_formats import bedrock, langfuse, litellm, native, otel
from bursar.adapters.usage_formats.documents import Payload, Told
from bursar.domain.usage.producers import ProducerPolicy, UsageFormat

_READERS: Mapping[UsageFormat, Callable[[Payload, ProducerPolicy], Iterator[Told]]] = {
    UsageFormat.BURSAR: native.read,
    UsageFormat.LITELLM: litellm.read,
    UsageFormat.OTEL: otel.read,
    UsageFormat.LANGFUSE: langfuse.read,
    UsageFormat.BEDROCK: bedrock.read,
}


def read(payload: Payload, producer: ProducerPolicy) -> Iterator[Told]:
    """Read a message in the format that its producer is configured with."""
    return _READERS[producer.format](payload, producer)
