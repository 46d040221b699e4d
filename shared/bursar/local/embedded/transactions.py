"""TransactWriteItems that costs what it touches.

moto keeps a deep copy of each whole table for the case that the transaction fails: a table of ten
thousand items makes every transaction take a second. Here moto's own code runs on a table
that holds nothing but the touched items; what it wrote is taken over only when it succeeded.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import StreamShard, Table

TransactWrite = Callable[[DynamoDBBackend, list[dict[str, Any]]], None]


def only_touched_items(transact_write_items: TransactWrite) -> TransactWrite:
    @wraps(transact_write_items)
    def transact(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        operations = [op for item in transact_items for op in item.values()]
        tables = {
            name: backend.tables[name]
            for op in operations
            if (name := op.get("TableName")) in backend.tables
        }
        excerpts = {name: _excerpt(table) for name, table in tables.items()}
        for op in operations:
            name = op.get("TableName")
            if name in tables:
                _copy_item(tables[name], excerpts[name], op.get("Key") or op["Item"])
        backend.tables.update(excerpts)
        try:
            transact_write_items(backend, transact_items)
            for op in operations:
                name = op["TableName"]
                _copy_item(backend.tables[name], tables[name], op.get("Key") or op["Item"])
            for name, table in tables.items():
                written = backend.tables[name].stream_shard
                if table.stream_shard is not None and written is not None:
                    table.stream_shard.items += written.items
        finally:
            backend.tables.update(tables)

    return transact


class _Excerpt(Table):
    """What a transaction works on. It is thrown away when that fails: for this, moto copies it."""

    def __deepcopy__(self, _memo: dict[int, Any]) -> _Excerpt:
        return self


def _excerpt(table: Table) -> Table:
    excerpt = copy.copy(table)
    excerpt.__class__ = _Excerpt  # type: ignore[type-abstract] # moto makes tables of it too
    excerpt.items = defaultdict(dict)
    if table.stream_shard is not None:
        shard = StreamShard(table.account_id, excerpt)
        shard.starting_sequence_number = table.stream_shard.starting_sequence_number + len(
            table.stream_shard.items
        )
        excerpt.stream_shard = shard
    return excerpt


def _copy_item(source: Table, target: Table, key: dict[str, Any]) -> None:
    """Make the target's item what the source's is, or is not."""
    if source.hash_key_attr not in key:
        return  # moto says what is wrong with it
    hash_key = DynamoType(key[source.hash_key_attr])
    if source.range_key_attr is None:
        _put(source.items, target.items, hash_key)
    elif source.range_key_attr in key:
        range_key = DynamoType(key[source.range_key_attr])
        _put(source.items.get(hash_key, {}), target.items[hash_key], range_key)


def _put(source: dict[Any, Any], target: dict[Any, Any], key: DynamoType) -> None:
    if key in source:
        target[key] = copy.deepcopy(source[key])
    else:
        target.pop(key, None)
