"""Rows as gzipped JSON chunks that each fit into a DynamoDB item."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

CHUNK_BYTES = 350_000  # under DynamoDB's 400 KB with its keys
_ROWS_PER_CHUNK = 4_000


def pack_rows(rows: Sequence[Any], at_most: int = _ROWS_PER_CHUNK) -> Iterator[bytes]:
    for first in range(0, len(rows), at_most):
        some = rows[first : first + at_most]
        packed = gzip.compress(msgspec.json.encode(some), compresslevel=4, mtime=0)
        if len(packed) > CHUNK_BYTES and len(some) > 1:
            yield from pack_rows(some, len(some) // 2)
        else:
            yield packed
