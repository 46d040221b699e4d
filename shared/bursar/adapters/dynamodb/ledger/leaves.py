"""Leaves: `ROLL#2026-11-20T13#<hex of 16>` / `<hash>#<shard>`; `SHADOW#...` likewise.

The hex is of the tenant's hash, so that an hour is 16 queries and no index; the shard is one
of 16 that the writers choose from when they meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, fields
from datetime import datetime
from functools import partial
from hashlib import sha256
from itertools import chain, islice
from typing import Any

from bursar.adapters.dynamodb.ledger.leaf_keys import read_leaf_key, write_hour, write_leaf_key
from bursar.adapters.dynamodb.paging import partition
from bursar.adapters.read_ahead import read_ahead
from bursar.domain.ledger.entries import Leaf, LeafKey
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.records import TokenSums

_PARTS = "0123456789abcdef"
_AT_ONCE = 10  # as many as a client keeps connections
_TOKENS = [f"{each.name}_tokens" for each in fields(TokenSums)]
_UNITS = [f"{each.name}_units" for each in fields(ClassAmounts)]
_NUMBERS = ["entries", "requests", *_TOKENS, *_UNITS]


def _pk(hour: datetime, part: str, *, shadow: bool) -> str:
    return f"{'SHADOW' if shadow else 'ROLL'}#{write_hour(hour)}#{part}"


def addition(key: LeafKey, leaf: Leaf, shard: int) -> dict[str, Any]:
    """An Update that adds to the leaf's shard; what is 0 is not named."""
    text = write_leaf_key(key)
    part = sha256(key.tenant.encode()).hexdigest()[0]
    values = (leaf.entries, leaf.requests, *astuple(leaf.tokens), *astuple(leaf.amounts))
    named = {name: value for name, value in zip(_NUMBERS, values, strict=True) if value}
    adds = ", ".join(f"#{name} :{name}" for name in named)
    update = "SET #leaf = :leaf"
    return {
        "Key": {
            "pk": _pk(key.hour, part, shadow=bool(key.shadow)),
            "sk": f"{sha256(text.encode()).hexdigest()[:32]}#{shard:x}",
        },
        "UpdateExpression": f"{update} ADD {adds}" if adds else update,
        "ExpressionAttributeNames": {"#leaf": "leaf", **{f"#{name}": name for name in named}},
        "ExpressionAttributeValues": {
            ":leaf": text,
            **{f":{name}": value for name, value in named.items()},
        },
    }


def whole(key: LeafKey, leaf: Leaf) -> dict[str, Any]:
    """The item that adding to nothing makes."""
    addend = addition(key, leaf, 0)
    values = addend["ExpressionAttributeValues"].items()
    return {**addend["Key"], **{name.removeprefix(":"): value for name, value in values}}


def of_hour(table: Any, hour: datetime, *, shadow: bool) -> Mapping[LeafKey, Leaf]:
    pks = [_pk(hour, part, shadow=shadow) for part in _PARTS]
    return _sum(read_ahead(partial(partition, table), pks, at_once=_AT_ONCE))


def of_hours(table: Any, hours: Sequence[datetime]) -> Iterator[Mapping[LeafKey, Leaf]]:
    """Both books of each hour; while one is summed, the next are on their way."""
    books = [(part, shadow) for shadow in (False, True) for part in _PARTS]
    pks = (_pk(hour, part, shadow=shadow) for hour in hours for part, shadow in books)
    parts = read_ahead(partial(partition, table), pks, at_once=_AT_ONCE)
    for _ in hours:
        yield _sum(islice(parts, len(books)))


def _sum(parts: Iterable[Iterable[Mapping[str, Any]]]) -> dict[LeafKey, Leaf]:
    sums: dict[LeafKey, Leaf] = {}
    for item in chain.from_iterable(parts):
        key = read_leaf_key(item["leaf"])
        sums[key] = sums.get(key, Leaf()) + _read(item)
    return sums


def _read(item: Mapping[str, Any]) -> Leaf:
    numbers = {name: int(item.get(name, 0)) for name in _NUMBERS}
    return Leaf(
        numbers["entries"],
        numbers["requests"],
        TokenSums(*(numbers[name] for name in _TOKENS)),
        ClassAmounts(*(numbers[name] for name in _UNITS)),
    )
