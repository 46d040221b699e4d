"""Usage files, told apart by their first bytes: JSONL, CSV and Parquet; gzip is undone."""

from __future__ import annotations

import csv
import re
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

from bursar.adapters.usage_files.line_file import LineFile
from bursar.adapters.usage_files.lines import UnusableFileError, is_parquet, read_chunks
from bursar.adapters.usage_files.rows import KNOWN, Row, RowError, row_of_cells, row_of_json
from bursar.adapters.usage_files.templates import template_of_header
from bursar.adapters.usage_files.words import Integers

_HEAD_BYTES = 1 << 16


def open_usage_file(path: Path, until: int, held: ExitStack) -> LineFile:
    """The lines of a file; those that Parquet is written as are `held` on disk.

    `until` is the last microsecond since 1970 that is not the future.

    Raises:
        UnusableFileError: it cannot be read, or no column of it is a model.
    """
    if is_parquet(path):
        from bursar.adapters.usage_files.parquet_rows import write_as_lines

        return lines_of_rows(*write_as_lines(path, held), until)
    first = next(read_chunks(path, size=_HEAD_BYTES), None)
    content = first.lines.content if first else b""
    if first is None or content.lstrip()[:1] in (b"", b"{"):  # without a line, without a record
        return _json_file(path, until)
    line, newline, _ = content.partition(b"\n")
    start = first.place + len(line) + len(newline)
    try:
        return _cells_file(path, _header(path, line), until, first=2, start=start)
    except UnusableFileError:
        if _has_objects(path):  # and begins with a line that is none
            return _json_file(path, until)
        raise


def lines_of_rows(
    lines: Path, names: list[str] | None, until: int, rows: Integers | None = None
) -> LineFile:
    """Rows that were written as lines: of CSV with these columns, or of JSON."""
    if names is None:
        return _json_file(lines, until, rows)
    return _cells_file(lines, names, until, rows=rows)


def _has_objects(path: Path) -> bool:
    """Whether the first line that begins with a brace ends with one: near the start, though a
    line without an end is a chunk of its own."""
    lines = b"".join(chunk.lines.content for chunk in islice(read_chunks(path), 2))
    found = re.search(rb"(?m)^[ \t]*\{[^\n]*$", lines)
    return found is not None and found[0].rstrip().endswith(b"}")


def _json_file(path: Path, until: int, rows: Integers | None = None) -> LineFile:
    return LineFile(path, until, lambda line: row_of_json(line, until), [], csv=False, rows=rows)


def _cells_file(
    path: Path,
    names: list[str],
    until: int,
    *,
    first: int = 1,
    start: int = 0,
    rows: Integers | None = None,
) -> LineFile:
    def read_row(line: bytes) -> Row | None:
        cells = _cells(line)
        if len(cells) in (0, len(names)):
            return row_of_cells(dict(zip(names, cells, strict=True)), until) if cells else None
        raise RowError(f"has {len(cells)} cells under {len(names)} columns")

    template = template_of_header(names)
    return LineFile(
        path, until, read_row, [template], csv=True, first=first, start=start, rows=rows
    )


def _header(path: Path, line: bytes) -> list[str]:
    try:
        names = [name.strip() for name in _cells(line)]
    except RowError as error:
        raise UnusableFileError(f"{path}: the first line {error}") from None
    if "model" not in names:
        raise UnusableFileError(f"{path}: is no JSONL, and has no column `model` as CSV")
    if twice := sorted({name for name in names if names.count(name) > 1 and name in KNOWN}):
        raise UnusableFileError(f"{path}: has column `{twice[0]}` twice")
    return [name if name in KNOWN else f"{n} {name}" for n, name in enumerate(names)]


def _cells(line: bytes) -> list[str]:
    try:
        rows = list(csv.reader([line.decode().rstrip("\r\n")], strict=True))
    except UnicodeDecodeError:
        raise RowError("is not UTF-8") from None
    except csv.Error:
        raise RowError("is not CSV") from None
    return rows[0] if rows else []
