"""FOCUS rows as files: CSV for spreadsheets and Athena, JSON for programs."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TextIO

from bursar.adapters.csv_cells import safe_cell
from bursar.domain.bills import plain_digits
from bursar.domain.focus import COLUMNS, FocusRow

Cell = str | Decimal | datetime | Mapping[str, str] | None


def write_focus_csv(rows: Iterable[FocusRow], file: TextIO) -> None:
    """Write rows as CSV with a header; null is an empty cell, key-values are JSON.

    Texts are safe to open in a spreadsheet (`safe_cell`). Open `file` with `newline=""`.
    """
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_cell(getattr(row, field)) for field in COLUMNS.values()])


def write_focus_json(rows: Iterable[FocusRow], file: TextIO) -> None:
    """Write rows as one JSON array, a row a line; numbers are strings with all their digits."""
    separator = "[\n"
    for row in rows:
        told = {name: _value(getattr(row, field)) for name, field in COLUMNS.items()}
        file.write(separator + json.dumps(told, ensure_ascii=False))
        separator = ",\n"
    file.write("\n]\n" if separator != "[\n" else "[]\n")


def _cell(value: Cell) -> str:
    told = _value(value)
    if told is None:
        return ""
    if isinstance(value, Decimal) and isinstance(told, str):
        return told  # numbers stay numbers, also below zero
    return safe_cell(told if isinstance(told, str) else json.dumps(told, ensure_ascii=False))


def _value(value: Cell) -> str | dict[str, str] | None:
    match value:
        case Decimal():
            return plain_digits(value)
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        case Mapping():
            return dict(value)
        case str():
            return str(value)
    return None
