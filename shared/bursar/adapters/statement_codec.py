"""Statements of hours and days as bytes: a header, and lines in gzipped JSON chunks."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from operator import attrgetter

import msgspec

from bursar.adapters.row_chunks import pack_rows
from bursar.domain.ledger.lines import (
    NO_AMOUNTS,
    NO_TOKENS,
    CostCategory,
    Kind,
    Line,
    LineKey,
    Statement,
)
from bursar.domain.periods import Window
from bursar.domain.quality import Quality
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.records import TokenSums

_CATEGORIES = {str(each): each for each in CostCategory}
_KINDS = {str(each): each for each in Kind}
_CATEGORY, _KIND = map(LineKey._fields.index, ("category", "kind"))
_FIELDS = attrgetter(*(each.name for each in fields(TokenSums)))


class _Row(msgspec.Struct, array_like=True):
    """A line. Money is text: it may be more than the 64 bits that JSON's readers are sure of."""

    key: list[str]
    units: str
    requests: int
    tokens: list[int]
    unpriced: list[int]
    unpriced_requests: int = 0
    by_class: list[str] = []
    charged_before: list[int] = []
    charged_before_requests: int = 0


class _Header(msgspec.Struct):
    start: datetime
    end: datetime
    quality: str
    as_of: int
    missing: list[str]


_rows = msgspec.json.Decoder(list[_Row])
_header = msgspec.json.Decoder(_Header)


def encode(statement: Statement) -> tuple[str, list[bytes]]:
    """A header and its chunks of lines, in a stable order."""
    header = _Header(
        start=statement.window.start,
        end=statement.window.end,
        quality=statement.quality,
        as_of=statement.as_of,
        missing=list(statement.missing),
    )
    rows = [_row(key, line) for key, line in sorted(statement.lines.items(), key=_by_key)]
    return msgspec.json.encode(header).decode(), list(pack_rows(rows))


def decode(header: str, chunks: Iterable[bytes]) -> Statement:
    head = _header.decode(header)
    lines: dict[LineKey, Line] = {}
    for chunk in chunks:
        for row in _rows.decode(gzip.decompress(chunk)):
            names = row.key
            names[_CATEGORY] = _CATEGORIES[names[_CATEGORY]]
            names[_KIND] = _KINDS[names[_KIND]]
            lines[LineKey._make(names)] = Line(
                int(row.units),
                row.requests,
                _tokens(row.tokens),
                _tokens(row.unpriced),
                row.unpriced_requests,
                ClassAmounts(*map(int, row.by_class)) if row.by_class else NO_AMOUNTS,
                _tokens(row.charged_before),
                row.charged_before_requests,
            )
    return Statement(
        window=Window(head.start, head.end),
        lines=lines,
        quality=Quality(head.quality),
        as_of=head.as_of,
        missing=tuple(head.missing),
    )


def _by_key(item: tuple[LineKey, Line]) -> LineKey:
    return item[0]


def _row(key: LineKey, line: Line) -> _Row:
    known = line.by_class != NO_AMOUNTS
    return _Row(
        list(key),
        str(line.units),
        line.requests,
        _counts(line.tokens),
        _counts(line.unpriced),
        line.unpriced_requests,
        [str(units) for units in line.by_class.by_class] if known else [],
        _counts(line.charged_before),
        line.charged_before_requests,
    )


def _counts(tokens: TokenSums) -> list[int]:
    """In the order of the fields; nothing at all for no token, as in most lines."""
    if tokens is NO_TOKENS or tokens == NO_TOKENS:
        return []
    return list(_FIELDS(tokens))


def _tokens(counts: list[int]) -> TokenSums:
    return TokenSums(*counts) if counts else NO_TOKENS
