"""Usage records as bytes: gzipped JSON lines, which Athena reads as they are."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence

import msgspec

from bursar.domain.usage.records import UsageRecord

_decoder = msgspec.json.Decoder(UsageRecord)


class UsageArchiveCorruptError(Exception):
    """Archived bytes are not usage records of this version."""


def encode(records: Sequence[UsageRecord]) -> bytes:
    """The same records give the same bytes."""
    return gzip.compress(msgspec.json.Encoder().encode_lines(records), compresslevel=6, mtime=0)


def decode(data: bytes) -> Iterator[UsageRecord]:
    if not data:  # gzip takes it for nothing, but nothing is never written
        raise UsageArchiveCorruptError("it is empty")
    try:
        for line in gzip.decompress(data).splitlines():
            yield _decoder.decode(line)
    except (OSError, EOFError, zlib.error, msgspec.DecodeError) as error:
        raise UsageArchiveCorruptError(str(error)) from error
