"""A frozen month as bytes: a header, and in chunks what accounts opened with, then the lines."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from datetime import datetime

import msgspec

from bursar.adapters import statement_codec
from bursar.adapters.row_chunks import pack_rows
from bursar.domain.attribution.rules import Owner
from bursar.domain.chargeback import FrozenMonth
from bursar.domain.periods import Window


class _Header(msgspec.Struct):
    month: str
    closed_at: datetime
    unstated: list[tuple[datetime, datetime]]
    opening_chunks: int
    statement: str


_header = msgspec.json.Decoder(_Header)
_openings = msgspec.json.Decoder(list[tuple[str, str, str]])  # tenant, team, units


def encode(frozen: FrozenMonth) -> tuple[str, list[bytes]]:
    opening = [
        (owner.tenant, owner.team, str(units)) for owner, units in sorted(frozen.opening.items())
    ]
    packed = list(pack_rows(opening))
    told, lines = statement_codec.encode(frozen.statement)
    header = _Header(
        month=frozen.month,
        closed_at=frozen.closed_at,
        unstated=[(each.start, each.end) for each in frozen.unstated],
        opening_chunks=len(packed),
        statement=told,
    )
    return msgspec.json.encode(header).decode(), [*packed, *lines]


def decode(header: str, chunks: Sequence[bytes]) -> FrozenMonth:
    head = _header.decode(header)
    opening = [
        row
        for each in chunks[: head.opening_chunks]
        for row in _openings.decode(gzip.decompress(each))
    ]
    return FrozenMonth(
        month=head.month,
        closed_at=head.closed_at,
        statement=statement_codec.decode(head.statement, chunks[head.opening_chunks :]),
        opening={Owner(tenant, team): int(units) for tenant, team, units in opening},
        unstated=tuple(Window(start, end) for start, end in head.unstated),
    )
