"""The rows of a message in CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from bursar.adapters.usage_formats.documents import (
    NOT_UTF8,
    Payload,
    Place,
    as_text,
    is_utf8,
)
from bursar.adapters.usage_formats.strict_json import Unfit


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
    # a cell may be as long as its message: prompts are among them
    csv.field_size_limit(max(csv.field_size_limit(), len(content)))
    rows = csv.reader(io.StringIO(content, newline=""), strict=True)
    header: list[str] | None = None
    all_utf8 = is_utf8(content)
    while True:
        where = f"line {rows.line_num + 1}"
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            yield where, Unfit("is not CSV")
            continue
        if not all_utf8 and not is_utf8("".join(row)):
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
        elif row:
            yield where, Unfit(f"has {len(row)} cells under {len(header)} columns")
