"""Queries that cost what they read.

moto answers a query by sorting every item of the table, by values that it converts anew for each
comparison. With the ten thousand rows of a month a query takes most of a second. Here moto's own
code gets only the items of the asked partition, and of those the span that is asked for.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

Query = Callable[..., Any]

_COMPARISONS: dict[str, Callable[..., bool]] = {
    "=": str.__eq__,
    "<": str.__lt__,
    "<=": str.__le__,
    ">": str.__gt__,
    ">=": str.__ge__,
    "BETWEEN": lambda text, first, last: first <= text <= last,
    "BEGINS_WITH": str.startswith,
}


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
            items = _in_span(_partition(table, hash_key), *arguments[:3])
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


def _in_span(
    items: list[Item], comparison: str | None, bounds: Sequence[DynamoType], limit: int | None
) -> list[Item]:
    """Those that a condition on a range key of text leaves; moto looks at them all the same.

    All of them where there is a limit: whether a page is the last one lies beyond the span.
    """
    compare = _COMPARISONS.get((comparison or "").upper())
    if limit is not None or compare is None or any(bound.type != "S" for bound in bounds):
        return items
    texts = [bound.value for bound in bounds]
    return [item for item in items if item.range_key and compare(item.range_key.value, *texts)]


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
