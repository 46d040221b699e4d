"""Usage in whichever format its producer writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from bursar.adapters.usage_formats import bedrock, langfuse, litellm, native, otel
from bursar.adapters.usage_formats.documents import Payload, Told
from bursar.domain.usage.producers import ProducerPolicy, UsageFormat
from bursar.domain.usage.rejections import Placed, Rejection

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


def read_part(payload: Payload, producer: ProducerPolicy, *, lines_before: int) -> Iterator[Told]:
    """Read a part of a file; lines are those of the file."""
    for told in read(payload, producer):
        where = _further_down(told.where, lines_before)
        if isinstance(told, Rejection):
            yield Rejection(where, told.reason)
        else:
            yield Placed(where, told.record)


def _further_down(where: str, lines: int) -> str:
    """`line 7[2]`, so many lines further down. A part of one line has places within it alone."""
    word, _, rest = where.partition(" ")
    inner = rest.lstrip("0123456789")
    number = rest.removesuffix(inner)
    if word == "line" and number:
        return f"line {int(number) + lines}{inner}"
    within = f".{where}" if where[:1].isalpha() else where
    return f"line {lines + 1}{within}" if lines else where
