"""The records and the rejections of a file, a chunk at a time."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bursar.adapters.usage_files.lines import (
    Chunk,
    UnusableFileError,
    is_parquet,
    read_chunks,
)
from bursar.adapters.usage_files.plain_lines import (
    DEFAULTS,
    Lines,
    Records,
    lines_of,
    records_of,
    suspects,
)
from bursar.adapters.usage_files.rows import (
    COUNTS,
    KNOWN,
    NAMES,
    Row,
    RowError,
    row_of_cells,
    row_of_json,
)
from bursar.adapters.usage_files.templates import (
    Template,
    template_of_header,
    template_of_json,
)
from bursar.adapters.usage_files.words import BEFORE, Buffer, Integers, Texts

_MOST_TEMPLATES = 8  # tried on a chunk; what none of them fits is read line by line

ReadRow = Callable[[bytes], Row | None]


class Rejected(NamedTuple):
    line: int
    reason: str


class Part(NamedTuple):
    """What came of a chunk."""

    records: list[Records]
    rejected: list[Rejected]
    lines: int


def read_parts(path: Path, until: int) -> Iterator[Part]:
    """Every record of a JSONL, CSV or Parquet file, told by its first bytes; gzip is undone.

    `until` is the last microsecond since 1970 that is not the future. Columns that are not
    known are ignored. Empty lines are no lines. A line of CSV is a record: a quoted newline
    ends it.

    Raises:
        UnusableFileError: it cannot be read, or no column of it is a model.
    """
    if is_parquet(path):
        yield from _read_parquet(path, until)
        return
    chunks = read_chunks(path)
    first = next(chunks, None)
    if first is None:
        raise UnusableFileError(f"{path}: is empty")
    chunks = _put_back(first, chunks)
    if first.lines.lstrip()[:1] == b"{":
        yield from _read_json(chunks, until)
    else:
        yield from _read_csv(path, chunks, until)


def _put_back(first: Chunk, rest: Iterator[Chunk]) -> Iterator[Chunk]:
    yield first
    yield from rest


def _read_json(chunks: Iterable[Chunk], until: int) -> Iterator[Part]:
    known: list[Template] = []
    number = 1
    for chunk in chunks:
        part = _part(
            chunk, number, known, until, lambda line: row_of_json(line, until), learn=True
        )
        number += part.lines
        yield part


def _read_csv(path: Path, chunks: Iterator[Chunk], until: int) -> Iterator[Part]:
    chunk = next(chunks)
    line, _, rest = chunk.lines.partition(b"\n")
    names = _header(path, line)

    yield from _read_cells(_put_back(Chunk(rest), chunks) if rest else chunks, names, 2, until)


def _read_cells(
    chunks: Iterable[Chunk], names: list[str], number: int, until: int
) -> Iterator[Part]:
    """Lines of CSV without a header, of which the first has this number."""

    def read_row(line: bytes) -> Row | None:
        cells = _cells(line)
        if len(cells) in (0, len(names)):
            return row_of_cells(dict(zip(names, cells, strict=True)), until) if cells else None
        raise RowError(f"has {len(cells)} cells under {len(names)} columns")

    templates = [template_of_header(names)]
    for chunk in chunks:
        part = _part(chunk, number, templates, until, read_row, learn=False)
        number += part.lines
        yield part


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


def _part(
    chunk: Chunk,
    first: int,
    known: list[Template],
    until: int,
    read_row: ReadRow,
    *,
    learn: bool,
) -> Part:
    if chunk.too_long:
        return Part([], [Rejected(first, "is longer than a megabyte")], 1)
    content = chunk.lines.replace(b"\r\n", b"\n") if b"\r" in chunk.lines else chunk.lines
    every = lines_of(content, first)
    doubtful = suspects(every)
    odd = [every.where(doubtful)]
    left = every.where(~doubtful) if doubtful.any() else every
    records, left = _plain(left, known, until, learn=learn)
    rows, rejected = [], []
    for lines in (*odd, left):
        for n, number in enumerate(lines.numbers.tolist()):
            try:
                row = read_row(lines.line(n))
            except RowError as error:
                rejected.append(Rejected(number, str(error)))
            else:
                if row is not None:
                    rows.append((number, row))
    if rows:
        records.append(records_of_rows(rows))
    return Part(records, sorted(rejected), len(every.starts))


def _plain(
    left: Lines, known: list[Template], until: int, *, learn: bool
) -> tuple[list[Records], Lines]:
    """The records that templates give, those that gave before first; and the lines left."""
    records: list[Records] = []
    for template in list(known):
        left = _take(left, template, until, records)
    for n in range(_MOST_TEMPLATES if learn else 0):
        if len(known) >= _MOST_TEMPLATES or n >= len(left.starts):
            break
        learnt = template_of_json(left.line(n))
        if learnt is not None and learnt not in known:
            before = len(left.starts)
            left = _take(left, learnt, until, records)
            if len(left.starts) < before:
                known.append(learnt)
    return records, left


def _take(left: Lines, template: Template, until: int, records: list[Records]) -> Lines:
    if not len(left.starts):
        return left
    found, plain = records_of(left, template, until)
    if found is None or not plain.any():
        return left
    records.append(found)
    return left.where(~plain)


def records_of_rows(rows: list[tuple[int, Row]]) -> Records:
    """The same columns, of records that were read one by one."""
    columns = [[row.id.encode() for _, row in rows]]
    columns += [[row.names[n].encode() for _, row in rows] for n in range(len(NAMES))]
    buffer = Buffer(b"".join(b"".join(column) for column in columns))
    lengths = np.array([[len(text) for text in column] for column in columns], np.int64)
    ends = np.cumsum(lengths.ravel()).reshape(lengths.shape) + len(BEFORE)
    counts: dict[str, Integers] = {
        name: np.array([row.counts[n] for _, row in rows], np.int64)
        for n, name in enumerate(COUNTS)
    }
    return Records(
        buffer=buffer,
        numbers=np.array([number for number, _ in rows], np.int64),
        texts={
            name: Texts(ends[n] - lengths[n], lengths[n]) for n, name in enumerate(("id", *NAMES))
        },
        at=np.array([row.at for _, row in rows], np.int64),
        batch=np.array([row.batch for _, row in rows], np.bool_),
        counts={name: told for name, told in counts.items() if (told != DEFAULTS[name]).any()},
    )


def _read_parquet(path: Path, until: int) -> Iterator[Part]:
    """As the lines of CSV that its rows would be, or, where a column has another type than CSV
    would be read as or a name holds a newline, as lines of JSON. A line's number is its row's."""
    import duckdb  # slow to import, and needed for Parquet alone

    with tempfile.TemporaryDirectory(prefix="bursar-") as directory:
        lines = Path(directory) / "rows"
        try:
            with duckdb.connect(config={"memory_limit": "200MB", "threads": 2}) as connection:
                connection.execute("SET TimeZone = 'UTC'")
                connection.execute("SET temp_directory = ?", [directory])
                source = connection.read_parquet(str(path))
                types = dict(zip(source.columns, map(str, source.types), strict=True))
                known = {name: types[name] for name in types if name in KNOWN}
                if "model" not in known:
                    raise UnusableFileError(f"{path}: has no column `model`")
                rows = source.select(*(duckdb.ColumnExpression(name) for name in known))
                as_csv = _is_as_csv(known) and not _any_newline(rows, known)
                kind = "csv, header false" if as_csv else "json"
                target = str(lines).replace("'", "''")
                connection.execute(f"COPY rows TO '{target}' (FORMAT {kind})")
        except duckdb.Error as error:
            told = str(error).splitlines()[0]
            raise UnusableFileError(f"{path}: is no readable Parquet: {told}") from error
        chunks = read_chunks(lines)
        yield from (
            _read_cells(chunks, list(known), 1, until) if as_csv else _read_json(chunks, until)
        )


def _is_as_csv(types: Mapping[str, str]) -> bool:
    """Whether CSV tells these columns without a doubt: whole numbers, names, and times."""
    return all(
        kind.startswith("TIMESTAMP")
        if name == "at"
        else kind == "BOOLEAN"
        if name == "batch"
        else "INT" in kind and "[" not in kind
        if name in COUNTS
        else kind == "VARCHAR"
        for name, kind in types.items()
    )


def _any_newline(rows: Any, types: Mapping[str, str]) -> bool:
    texts = [f'contains("{name}", chr(10))' for name in types if types[name] == "VARCHAR"]
    ((found,),) = rows.aggregate(f"bool_or({' OR '.join(texts)})").fetchall()
    return bool(found)
