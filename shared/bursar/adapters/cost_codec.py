"""Closed hours as bytes: rows in gzipped JSON chunks that each fit into a DynamoDB item."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from bursar.adapters.row_chunks import pack_rows
from bursar.domain.cluster.bases import Basis
from bursar.domain.cluster.hours import Amounts, Category, HourCosts, RowKey, Unpriced
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.quality import Quality

_UNPRICED_KEPT = 500
_CATEGORIES = {str(category): category for category in Category}

_Row = tuple[str, str, str, str, str, dict[str, str], dict[str, str]]


class _Header(msgspec.Struct):
    cluster: str
    start: datetime
    end: datetime
    quality: str
    known_seconds: int
    basis: str
    as_of: int
    unpriced: list[tuple[str, str]]
    unpriced_count: int


_rows = msgspec.json.Decoder(list[_Row])
_header = msgspec.json.Decoder(_Header)


def encode(costs: HourCosts) -> tuple[str, list[bytes]]:
    """A header and its chunks of rows, in a stable order."""
    header = _Header(
        cluster=costs.cluster,
        start=costs.window.start,
        end=costs.window.end,
        quality=costs.quality,
        known_seconds=costs.known_seconds,
        basis=costs.basis,
        as_of=costs.as_of,
        unpriced=[(item.name, item.reason) for item in costs.unpriced[:_UNPRICED_KEPT]],
        unpriced_count=len(costs.unpriced),
    )
    rows = [_row(key, amounts) for key, amounts in sorted(costs.rows.items(), key=_by_name)]
    return msgspec.json.encode(header).decode(), list(pack_rows(rows))


def decode(header: str, chunks: Iterable[bytes]) -> HourCosts:
    head = _header.decode(header)
    rows: dict[RowKey, Amounts] = {}
    for chunk in chunks:
        for namespace, workload, model, node_group, zone, labels, amounts in _rows.decode(
            gzip.decompress(chunk)
        ):
            key = RowKey(namespace, workload, model, node_group, zone, tuple(labels.items()))
            rows[key] = {
                _CATEGORIES[name]: Money(Decimal(amount)) for name, amount in amounts.items()
            }
    return HourCosts(
        cluster=head.cluster,
        window=Window(head.start, head.end),
        quality=Quality(head.quality),
        known_seconds=head.known_seconds,
        basis=Basis(head.basis),
        rows=rows,
        unpriced=tuple(Unpriced(name, reason) for name, reason in head.unpriced),
        as_of=head.as_of,
    )


def _by_name(item: tuple[RowKey, Amounts]) -> tuple[Any, ...]:
    key = item[0]
    return (key.namespace, key.workload, key.model, key.node_group, key.zone, key.labels)


def _row(key: RowKey, amounts: Mapping[Category, Money]) -> _Row:
    values = {str(category): money.plain() for category, money in amounts.items()}
    labels = dict(key.labels)
    return (key.namespace, key.workload, key.model, key.node_group, key.zone, labels, values)
