"""DynamoDB's values and items at what they need: moto weighs an item anew for each attribute that
it puts into it, and asks five questions about a value's type to compare two texts."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict

_LARGEST_BYTES = 405_000  # where moto draws the line
_AS_IT_IS = frozenset({"S", "B", "BOOL"})


def make_item(
    item: Item, hash_key: DynamoType, range_key: DynamoType | None, attrs: dict[str, Any]
) -> None:
    """`Item.__init__`, which weighs the item once."""
    item.hash_key, item.range_key = hash_key, range_key
    item.attrs = LimitedSizeDict()
    dict.update(item.attrs, {name: DynamoType(value) for name, value in attrs.items()})
    if item.size() > _LARGEST_BYTES:
        raise ItemSizeTooLarge


def cast_value(of_any: property) -> property:
    """`DynamoType.cast_value`, short for texts."""
    ask: Callable[[DynamoType], Any] = of_any.fget  # type: ignore[assignment]

    @wraps(ask)
    def value(self: DynamoType) -> Any:
        return self.value if self.type in _AS_IT_IS else ask(self)

    return property(value)


def is_same(value: DynamoType, other: DynamoType) -> bool:
    """`DynamoType.__eq__`."""
    if value.type != other.type:
        return False
    return bool(value.value == other.value or value.cast_value == other.cast_value)


def hash_of(value: DynamoType) -> int:
    """`DynamoType.__hash__`: of what compares as equal the same, for texts at once."""
    return hash(value.value) if value.type == "S" else hash((value.type, value.cast_value))
