"""The records and the rejections of a file of lines, a chunk at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bursar.adapters.usage_files.buffer import BEFORE, Buffer, Texts
from bursar.adapters.usage_files.cutting import Cutter, Lines
from bursar.adapters.usage_files.lines import read_chunks, read_lines
from bursar.adapters.usage_files.plain_lines import records_of, split_lines
from bursar.adapters.usage_files.record_columns import DEFAULTS, Records
from bursar.adapters.usage_files.rows import COUNTS, NAMES, Row, RowError
from bursar.adapters.usage_files.templates import Template, template_of_json
from bursar.adapters.usage_files.words import Integers

_MOST_TEMPLATES = 8  # tried on a chunk; what none of them fits is read line by line
_LINES_AT_ONCE = 4096  # of those that are read again

ReadRow = Callable[[bytes], Row | None]


class Rejected(NamedTuple):
    line: int
    reason: str


class Part(NamedTuple):
    """What came of a chunk."""

    records: list[Records]
    rejected: list[Rejected]
    lines: int


class LineFile:
    """Lines of JSON, or records of CSV, which may be several lines. Columns that are not known
    are ignored, and empty lines are none.

    `read_row` reads a line by every rule. `templates` are those of its lines; those of JSON
    may tell others. Numbered lines begin with `first`, at `start` in the file;
    `rows` are the numbers of the rows they are, where they are rows of another file.
    """

    def __init__(
        self,
        path: Path,
        until: int,
        read_row: ReadRow,
        templates: list[Template],
        *,
        csv: bool,
        first: int = 1,
        start: int = 0,
        rows: Integers | None = None,
    ) -> None:
        self._path = path
        self._until = until
        self._read_row = read_row
        self._cutters = [Cutter(template) for template in templates]
        self._csv = csv
        self._first = first
        self._start = start
        self._rows = rows

    def number_of(self, line: int) -> int:
        """Of the row that is this line."""
        return line if self._rows is None else int(self._rows[line - 1])

    def parts(self) -> Iterator[Part]:
        """All of it.

        Raises:
            UnusableFileError: it cannot be read.
        """
        number = self._first
        for chunk in read_chunks(self._path, self._csv):
            before = max(self._start - chunk.place, 0)
            if before >= len(chunk.lines):
                continue
            lines = Buffer.of(chunk.lines.content[before:]) if before else chunk.lines
            part = self._part(lines, number, chunk.place + before, chunk.too_long)
            number += part.lines
            yield part

    def parts_at(self, places: Integers) -> Iterator[Part]:
        """The records of the lines that start at these places, which rise.

        Raises:
            UnusableFileError: it cannot be read.
        """
        lines = read_lines(self._path, places.tolist(), self._csv)
        for n in range(0, len(places), _LINES_AT_ONCE):
            content = Buffer.of(*islice(lines, _LINES_AT_ONCE))
            yield self._part(content, 0, places[n : n + _LINES_AT_ONCE])

    def _part(
        self, content: Buffer, first: int, places: int | Integers, too_long: bool = False
    ) -> Part:
        if too_long:
            return Part([], [Rejected(first, "is longer than a megabyte")], 1)
        left, odd, lines = split_lines(content, first, places, self._csv)
        records, left = self._plain(left)
        rows, rejected = [], []
        for each in (odd, left):
            for n, (number, place) in enumerate(
                zip(each.numbers.tolist(), each.places.tolist(), strict=True)
            ):
                try:
                    row = self._read_row(each.line(n))
                except RowError as error:
                    rejected.append(Rejected(number, str(error)))
                else:
                    if row is not None:
                        rows.append((number, place, row))
        if rows:
            records.append(_records_of_rows(rows))
        return Part(records, sorted(rejected), lines)

    def _plain(self, left: Lines) -> tuple[list[Records], Lines]:
        """The records that templates give, those that gave before first; and the lines left."""
        records: list[Records] = []
        for cutter in list(self._cutters):
            left = self._take(left, cutter, records)
        for n in range(0 if self._csv else _MOST_TEMPLATES):
            if len(self._cutters) >= _MOST_TEMPLATES or n >= len(left):
                break
            template = template_of_json(left.line(n))
            if template is not None and all(template != each.template for each in self._cutters):
                cutter = Cutter(template)
                before = len(left)
                left = self._take(left, cutter, records)
                if len(left) < before:
                    self._cutters.append(cutter)
        return records, left

    def _take(self, left: Lines, cutter: Cutter, records: list[Records]) -> Lines:
        for as_before in (True, False) if cutter.expects_lengths else (True,):
            if not len(left):
                break
            found, plain = records_of(left, cutter, self._until, as_before=as_before)
            if found is not None:
                records.append(found)
                left = left.where(~plain)
        return left


def _records_of_rows(rows: list[tuple[int, int, Row]]) -> Records:
    """The same columns, of records that were read one by one."""
    columns = [[row.id.encode() for *_, row in rows]]
    columns += [[row.names[n].encode() for *_, row in rows] for n in range(len(NAMES))]
    buffer = Buffer.of(b"".join(b"".join(column) for column in columns))
    lengths = np.array([[len(text) for text in column] for column in columns], np.int64)
    ends = np.cumsum(lengths.ravel()).reshape(lengths.shape) + len(BEFORE)
    counts: dict[str, Integers] = {
        name: np.array([row.counts[n] for *_, row in rows], np.int64)
        for n, name in enumerate(COUNTS)
    }
    return Records(
        buffer=buffer,
        numbers=np.array([number for number, *_ in rows], np.int64),
        places=np.array([place for _, place, _ in rows], np.int64),
        texts={
            name: Texts.of(ends[n] - lengths[n], 0, lengths[n])
            for n, name in enumerate(("id", *NAMES))
        },
        at=np.array([row.at for *_, row in rows], np.int64),
        batch=np.array([row.batch for *_, row in rows], np.bool_),
        counts={name: told for name, told in counts.items() if (told != DEFAULTS[name]).any()},
    )
