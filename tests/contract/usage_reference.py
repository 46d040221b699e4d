"""The slow, obvious way to cost usage files: every line by every rule, one exact sum a record."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from bursar.adapters.usage_files.rows import (
    NEVER,
    Row,
    RowError,
    latest,
    row_of_cells,
    row_of_json,
)
from bursar.domain.usage.prices import exact_cost
from bursar.domain.usage.records import TokenCounts

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read(path: Path, now: datetime) -> tuple[list[tuple[int, Row]], list[tuple[int, str]]]:
    lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    header: list[str] | None = None
    rows, rejected = [], []
    is_json = lines[0].lstrip()[:1] == b"{"
    for number, line in enumerate(lines, start=1) if is_json else _records(lines):
        line = line.removesuffix(b"\r")
        try:
            if is_json:
                row = row_of_json(line, latest(now))
            else:
                cells = _cells(line)
                if header is None:
                    header = [name.strip() for name in cells]
                    continue
                if not cells:
                    continue
                if len(cells) != len(header):
                    told = f"has {len(cells)} cells under {len(header)} columns"
                    raise RowError(told)
                row = row_of_cells(dict(zip(header, cells, strict=True)), latest(now))
        except RowError as error:
            rejected.append((number, str(error)))
        else:
            if row is not None:
                rows.append((number, row))
    return rows, rejected


def _records(lines: list[bytes]) -> Iterator[tuple[int, bytes]]:
    """Records of CSV with the number of their first line, joined while a quoted cell is open; a
    line in which one opens that is never closed stands alone, and one that is closed before its
    end is in no other line."""
    first = 0
    while first < len(lines):
        for after in range(first + 1, len(lines) + 1):
            record = b"\n".join(lines[first:after])
            if (broken := _broken(record)) is not None:
                after = first + 1 + record.count(b"\n", 0, broken)
                record = b"\n".join(lines[first:after])
                break
            if not _is_open(record):
                break
        else:
            record, after = lines[first], first + 1
        yield first + 1, record
        first = after


def _is_open(record: bytes) -> bool:
    """Whether it ends in a quoted cell: one that begins with a quote, to the next single one."""
    state, _ = _after(record)
    return state == "quoted"


def _broken(record: bytes) -> int | None:
    """Where a quoted cell begins whose quote is not at its end."""
    state, began = _after(record)
    return began if state == "broken" else None


def _after(record: bytes) -> tuple[str, int]:
    """The state at the end, or at the first place that breaks a cell; and where one began last."""
    state, began = "start", 0
    text = record.decode("latin-1")
    for place, byte in enumerate(text):
        if state == "quoted":
            state = "closing" if byte == '"' else "quoted"
        elif byte == '"' and state == "closing":
            state = "quoted"
        elif byte == '"' and state == "start":
            state, began = "quoted", place
        elif state == "closing" and byte not in ",\n" and text[place:] != "\r":
            if text[place : place + 2] != "\r\n":
                return "broken", began
        else:
            state = "start" if byte in ",\n" else "bare"
    return state, began


def _cells(line: bytes) -> list[str]:
    try:
        return next(csv.reader([line.decode()], strict=True), [])
    except UnicodeDecodeError:
        raise RowError("is not UTF-8") from None
    except csv.Error:
        raise RowError("is not CSV") from None


def cost(paths: list[Path], book: Any, by: list[str], now: datetime) -> dict[str, Any]:
    """Figures by key; the money of each row as an exact fraction of 10^-12 USD."""
    rows: dict[tuple[str, ...], list[Any]] = defaultdict(lambda: [0, TokenCounts(), None])
    unpriced: dict[str, TokenCounts] = defaultdict(TokenCounts)
    first: dict[tuple[str, str], Row] = {}
    rejected: list[tuple[str, int, str]] = []
    again = {"duplicates": 0, "conflicts": 0}
    for path in paths:
        told, wrong = read(path, now)
        for number, row in told:
            provider, model = row.name("provider"), row.name("model")
            if row.at == NEVER and book.breaks(provider, model, batch=row.batch).dated:
                wrong.append((number, "at is missing: the price of its model is dated"))
                continue
            if row.at == NEVER and {"day", "hour"} & set(by):
                wrong.append((number, "at is missing"))
                continue
            if row.id:
                key = (row.name("producer"), row.id)
                if key in first:
                    again["duplicates" if first[key] == row else "conflicts"] += 1
                    continue
                first[key] = row
            at = None if row.at == NEVER else EPOCH + timedelta(microseconds=row.at)
            tokens = TokenCounts(*row.counts[1:7])
            price = book.price_at(provider, model, at or now)
            figures = rows[tuple(_value(row, at, name) for name in by)]
            figures[0] += row.counts[0]
            figures[1] += tokens
            if price is None:
                unpriced[model] += tokens
                continue
            mean = Fraction(tokens.input, row.counts[0]) if row.counts[0] else 0
            rates = price.rates_for(mean, batch=row.batch)
            amounts = exact_cost(tokens, row.counts[0], rates).values()
            figures[2] = sum(amounts, figures[2] or Fraction(0))
        rejected += [(str(path), number, reason) for number, reason in sorted(wrong)]
    return {"rows": dict(rows), "unpriced": dict(unpriced), "rejected": rejected, **again}


def _value(row: Row, at: datetime | None, name: str) -> str:
    if name == "day":
        return f"{at:%Y-%m-%d}"
    return f"{at:%Y-%m-%dT%H}:00:00Z" if name == "hour" else row.name(name)
