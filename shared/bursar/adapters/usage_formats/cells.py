"""CSV: the records of a text, and the rows of a message."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from bursar.adapters.usage_formats.documents import (
    NOT_UTF8,
    Payload,
    Place,
    as_text,
    is_utf8,
)
from bursar.adapters.usage_formats.strict_json import Unfit

_MOST_REREAD = 16  # times its length that a text is read in vain at most, for ends of records


class CsvRecord(NamedTuple):
    """A record by the line that it begins in, from 1, and its place in the text; None for the
    cells of a line that begins none."""

    line: int
    place: int
    cells: list[str] | None


def csv_records(content: str) -> Iterator[CsvRecord]:
    """The header and the records below it; empty lines are none, and a quoted cell may go on
    over lines.

    Where what begins in a line and goes on is no record (its quote never closes, or its cells are
    not as many as the header's), the line is lost alone, and the next one begins anew. A header
    that is none is all there is.
    """
    # a cell may be as long as its message: prompts are among them
    csv.field_size_limit(max(csv.field_size_limit(), len(content)))
    lines = io.StringIO(content, newline="")
    rows = csv.reader(lines, strict=True)
    columns, line, spare = 0, 1, _MOST_REREAD * len(content)
    while True:
        if spare < 0:  # no further than the line, whatever goes on
            rows = csv.reader(islice(lines, 1), strict=True)
        place, before = lines.tell(), rows.line_num
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error:
            cells = None
        count = rows.line_num - before
        if count > 1 and columns and len(cells or ()) != columns:
            spare -= lines.tell() - place
            lines.seek(place)
            lines.readline()
            cells, count = None, 1
        if cells != []:  # of an empty line
            yield CsvRecord(line, place, cells)
        if not columns:
            if cells is None:
                return
            columns = len(cells)
        line += count


def rows_of_csv(payload: Payload, column: str) -> Iterator[Place] | None:
    """Each row by its columns and with the line that it begins in; None of what is no CSV.

    CSV begins with a header, of which one name holds `column`. What is wrong with a row is an
    `Unfit` in its place. An empty cell tells nothing and is left out.
    """
    if not isinstance(payload, bytes | str):
        return None
    content = as_text(payload)
    header = content.lstrip().partition("\n")[0]
    if header[:1] in ("", "{", "[") or "," not in header or column not in header:
        return None
    return _rows(content)


def _rows(content: str) -> Iterator[Place]:
    header: list[str] | None = None
    all_utf8 = is_utf8(content)
    for line, _, row in csv_records(content):
        where = f"line {line}"
        if row is None:
            yield where, Unfit("is not CSV")
        elif not all_utf8 and not is_utf8("".join(row)):
            yield where, NOT_UTF8
            if header is None:
                return
        elif header is None:
            header = [name.strip() for name in row]
            if len(set(header)) != len(header):
                yield where, Unfit("has the same column twice")
                return
        elif len(row) == len(header):
            cells = zip(header, row, strict=True)
            yield where, {name: cell for name, cell in cells if cell}
        else:
            yield where, Unfit(f"has {len(row)} cells under {len(header)} columns")
