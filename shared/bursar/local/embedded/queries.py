"""Queries that cost what they read.

moto answers a query by sorting every item of the table, by values that it converts anew for each
comparison; an answer is written by guessing names for every attribute. With the ten thousand
rows of a month a query takes most of a second. Here moto's own code gets only the items of the
asked partition, and plain attributes are written as they are.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import wraps
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

Query = Callable[..., Any]
WriteStructure = Callable[..., None]

_PLAIN = frozenset({"S", "N", "BOOL", "NULL"})


def of_one_partition(query: Query) -> Query:
    """`Table.query`, on an excerpt of the table that is one partition or one index entry."""

    @wraps(query)
    def query_partition(
        table: Table, hash_key: DynamoType | None, *arguments: Any, **named: Any
    ) -> Any:
        index_name = arguments[6] if len(arguments) > 6 else named.get("index_name")
        if index_name:
            items = _with_values(table, named.get("hash_key_conditions") or ())
        else:
            items = _partition(table, hash_key)
        excerpt = copy.copy(table)
        excerpt.all_items = lambda: items  # type: ignore[method-assign]
        return query(excerpt, hash_key, *arguments, **named)

    return query_partition


def _partition(table: Table, hash_key: DynamoType | None) -> list[Item]:
    # by get: the table makes an empty partition of whatever it is asked for
    found = table.items.get(hash_key)
    if found is None:
        return []
    if table.range_key_attr:
        return list(found.values())
    only: Any = found  # without a range key moto keeps the item where partitions are
    return [only]


def _with_values(table: Table, wanted: Any) -> list[Item]:
    """The items that carry all the values; most rows do not carry a sparse index's at all."""
    items: list[Any] = []
    for partition in table.items.values():
        if table.range_key_attr:
            items.extend(partition.values())
        else:
            items.append(partition)
    for name, value in wanted:
        items = [item for item in items if name in item.attrs and item.attrs[name] == value]
    # an index is ordered by its range key, then as the table is
    items.sort(key=_position)
    return items


def _position(item: Item) -> tuple[Any, Any]:
    return (item.hash_key.value, item.range_key.value if item.range_key else "")


def plain_attributes_first(write_structure: WriteStructure) -> WriteStructure:
    """The serializer's method for structures, short for DynamoDB's simple values."""

    @wraps(write_structure)
    def write(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if key and shape.name == "AttributeValue" and _is_plain(value):
            serialized[key] = value
        else:
            write_structure(serializer, serialized, value, shape, key)

    return write


def _is_plain(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and not _PLAIN.isdisjoint(value)
