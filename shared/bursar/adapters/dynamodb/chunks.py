"""Things larger than one DynamoDB item: a header and gzipped chunks, read whole or not at all.

The header is at `sk`, its chunks at `sk#000`, `sk#001`, ... A query is no transaction, and may
meet items of two versions: all of one version carry one digest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Any, TypeVar

from boto3.dynamodb.conditions import Key

from bursar.adapters.dynamodb.paging import query

_TRIES = 5
_AFTER_ALL_CHUNKS = "~"

Item = dict[str, Any]
Encoded = tuple[str, list[bytes]]  # a header, and chunks that each fit into an item
T = TypeVar("T")


class TornReadError(Exception):
    """A query met a header and chunks of different versions, every time it was repeated."""


def chunked_items(pk: str, sk: str, encoded: Encoded, extra: Item) -> list[Item]:
    """The header first, then its chunks. Chunks of a longer, earlier version are not read."""
    header, chunks = encoded
    digest = sha256(b"".join([header.encode(), *chunks])).hexdigest()[:16]
    keep = {"expires_at": extra["expires_at"]} if "expires_at" in extra else {}
    return [
        {"pk": pk, "sk": sk, "json": header, "chunks": len(chunks), "digest": digest, **extra},
        *(
            {"pk": pk, "sk": f"{sk}#{number:03}", "gzip": chunk, "digest": digest, **keep}
            for number, chunk in enumerate(chunks)
        ),
    ]


def puts(items: Sequence[Item]) -> list[Item]:
    return [{"Put": {"Item": item}} for item in items]


def read_whole(table: Any, pk: str, first: str, last: str, *, consistent: bool) -> list[Item]:
    """The items of a span; read again when some were replaced during the reading.

    Raises:
        TornReadError: they were, every time.
    """
    span = Key("pk").eq(pk) & Key("sk").between(first, last + _AFTER_ALL_CHUNKS)
    for _ in range(_TRIES):
        items = query(table, KeyConditionExpression=span, ConsistentRead=consistent)
        if _is_whole(found := list(items)):
            return found
        consistent = True
    raise TornReadError(f"{pk}, {first} to {last}")


def decode_items(items: Sequence[Item], decode: Callable[[str, list[bytes]], T]) -> Iterator[T]:
    """Each header of the items with its chunks, decoded, in the order of the headers."""
    chunks = {item["sk"]: bytes(item["gzip"]) for item in items if "gzip" in item}
    for item in items:
        if "json" in item:
            yield decode(item["json"], [chunks[name] for name in _chunk_names(item)])


def _is_whole(items: Sequence[Item]) -> bool:
    digests = {item["sk"]: item["digest"] for item in items}
    return all(
        digests.get(name) == item["digest"]
        for item in items
        if "json" in item
        for name in _chunk_names(item)
    )


def _chunk_names(header: Item) -> list[str]:
    return [f"{header['sk']}#{number:03}" for number in range(int(header["chunks"]))]
