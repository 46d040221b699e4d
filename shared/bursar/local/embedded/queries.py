"""Queries that cost what they read.

moto answers a query by sorting every item of the table, by values that it converts anew for each
comparison. With the ten thousand rows of a month a query takes most of a second. Here moto's own
code gets only the items of the asked partition, and of those the span that is asked for.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from itertools import chain
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

Query = Callable[..., Any]
MakeItem = Callable[..., None]
UpdateItem = Callable[..., Item]
Partitions = Mapping[str, DynamoType]

_COMPARISONS: dict[str, Callable[..., bool]] = {
    "=": str.__eq__,
    "<": str.__lt__,
    "<=": str.__le__,
    ">": str.__gt__,
    ">=": str.__ge__,
    "BETWEEN": lambda text, first, last: first <= text <= last,
    "BEGINS_WITH": str.startswith,
}


class Carriers:
    """Which partitions have ever held an item with an attribute: where a sparse index's are."""

    def __init__(self) -> None:
        self._partitions: defaultdict[str, dict[str, DynamoType]] = defaultdict(dict)

    def of(self, attribute: str) -> Partitions:
        """Hash keys by their values."""
        return self._partitions.get(attribute, {})

    def noting_made(self, make_item: MakeItem) -> MakeItem:
        """`Item.__init__`, of which we learn."""

        @wraps(make_item)
        def make(item: Item, *arguments: Any, **named: Any) -> None:
            make_item(item, *arguments, **named)
            self._note(item)

        return make

    def noting_updated(self, update_item: UpdateItem) -> UpdateItem:
        """`DynamoDBBackend.update_item`, of which we learn."""

        @wraps(update_item)
        def update(*arguments: Any, **named: Any) -> Item:
            item = update_item(*arguments, **named)
            self._note(item)
            return item

        return update

    def _note(self, item: Item) -> None:
        for attribute in item.attrs:
            self._partitions[attribute][item.hash_key.value] = item.hash_key


def of_one_partition(query: Query, carriers: Carriers) -> Query:
    """`Table.query`, on an excerpt of the table that is one partition or one index entry."""

    @wraps(query)
    def query_partition(
        table: Table, hash_key: DynamoType | None, *arguments: Any, **named: Any
    ) -> Any:
        index_name = arguments[6] if len(arguments) > 6 else named.get("index_name")
        if index_name:
            items = _with_values(table, carriers, named["hash_key_conditions"])
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


def _with_values(table: Table, carriers: Carriers, wanted: Any) -> list[Item]:
    """The items that carry all the values; most rows do not carry a sparse index's at all."""
    partitions = carriers.of(wanted[0][0]).values()
    items = chain.from_iterable(_partition(table, hash_key) for hash_key in partitions)
    found = [
        item
        for item in items
        if all(name in item.attrs and item.attrs[name] == value for name, value in wanted)
    ]
    # an index is ordered by its range key, then as the table is
    return sorted(found, key=_position)


def _position(item: Item) -> tuple[Any, Any]:
    return (item.hash_key.value, item.range_key.value if item.range_key else "")
