"""A bill as a table, one row at a time: CSV, gzipped or not, or Parquet; the content decides.

Every value comes out as the text that stands in the file, so no amount passes through a float.
(Where a Parquet column is a double, the text is the shortest that spells it.)
"""

from __future__ import annotations

import csv
import glob
import gzip
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from bursar.adapters.rereadable_files import open_rereadable
from bursar.domain.bills import NotAnAmountError, read_amount

_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_LONGEST_LINE = 16 * 2**20  # bytes: a bigger one is no bill, and would fill the memory
_SOURCE = "read_parquet(?, hive_partitioning = false)"  # its folders are no columns
_BATCH = 2_048  # rows of Parquet held at a time
_NAMES_SHOWN = 8
_CURRENCY = re.compile(r"[A-Z]{3}")
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?")

T = TypeVar("T")
Row = tuple[str, Sequence[str]]  # where it stands, such as `line 7`; its values


class BillFileError(ValueError):
    """A file is no bill of its format; the message names the file, the line and the column."""


@dataclass(frozen=True, slots=True)
class BillTable:
    path: Path
    header: Sequence[str]
    rows: Iterator[Row]

    def positions(self, *columns: Sequence[str]) -> list[int]:
        """Where each column stands, by the first of its names that is there.

        Names are compared without case and punctuation, because one report calls
        `lineItem/UnblendedCost` what another calls `line_item_unblended_cost`.

        Raises:
            BillFileError: columns are missing, or one stands twice.
        """
        stands: dict[str, list[int]] = {}
        for at, name in enumerate(self.header):
            stands.setdefault(squeezed(name), []).append(at)
        found = [next((n for n in names if squeezed(n) in stands), None) for names in columns]
        if missing := [names[0] for names, n in zip(columns, found, strict=True) if n is None]:
            shown = ", ".join(self.header[:_NAMES_SHOWN])
            raise BillFileError(
                f"{self.path}, line 1: no column {', '.join(missing)}; it begins with {shown!r}"
            )
        places = [stands[squeezed(name)] for name in found if name is not None]
        for same in places:
            if len(same) > 1:
                raise BillFileError(f"{self.path}, line 1: column {self.header[same[0]]} twice")
        return [first for first, *_ in places]

    def amount(self, row: Row, at: int) -> Decimal:
        return self._read(row, at, read_amount)

    def day(self, row: Row, at: int) -> date:
        return self._read(row, at, read_day)

    def currency(self, row: Row, at: int) -> str:
        return self._read(row, at, read_currency)

    def text(self, row: Row, at: int) -> str:
        return self._read(row, at, _not_empty)

    def _read(self, row: Row, at: int, read: Callable[[str], T]) -> T:
        place, values = row
        try:
            return read(values[at])
        except (NotAnAmountError, BillFileError) as error:
            where = f"{self.path}, {place}, column {self.header[at]}"
            raise BillFileError(f"{where}: {error}") from None


def squeezed(name: str) -> str:
    """A column's name without case and punctuation, in which reports spell it differently."""
    return re.sub("[^a-z0-9]", "", name.lower())


def read_day(text: str) -> date:
    """The UTC day of an ISO date or instant.

    Raises:
        BillFileError: the text is no such date.
    """
    return read_instant(text).date()


def read_instant(text: str) -> datetime:
    """An ISO instant in UTC, or midnight of a date; one without a time zone is in UTC.

    Raises:
        BillFileError: the text is no such date.
    """
    try:
        if not _ISO_DAY.fullmatch(text):
            raise ValueError
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise BillFileError(f"{text[:40]!r} is not an ISO date") from None


def read_currency(text: str) -> str:
    """A code of three capital letters.

    Raises:
        BillFileError: the text is no such code.
    """
    if not _CURRENCY.fullmatch(text):
        raise BillFileError(f"{text[:40]!r} is not a currency, such as USD")
    return text


@contextmanager
def open_table(path: Path) -> Iterator[BillTable]:
    """Read a file's header; its rows follow as they are asked for.

    Raises:
        BillFileError: the file is no table, or is cut off.
        OSError: it cannot be read.
    """
    with open_rereadable(path) as file:
        start = file.read(4)
    if start == _PARQUET:
        with _parquet(path) as table:
            yield table
        return
    with open_plain(path) as opened:
        lines = csv.reader(_lines(opened, path), strict=True)
        rows = _csv_rows(lines, path)
        header = next(rows, ("", []))[1]
        yield BillTable(path, header, _whole(rows, len(header), path))


@contextmanager
def open_plain(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked when it is gzipped."""
    with open_rereadable(path) as file:
        zipped = file.read(2) == _GZIP
        file.seek(0)
        if not zipped:
            yield file
            return
        with gzip.open(file) as unpacked:
            yield unpacked  # type: ignore[misc]  # GzipFile reads as BinaryIO does


def _csv_rows(lines: Any, path: Path) -> Iterator[Row]:
    while True:
        try:
            values = next(lines, None)
        except csv.Error as error:
            raise BillFileError(f"{path}, line {lines.line_num}: {error}") from None
        if values is None:
            return
        if values:  # a blank line is no row
            yield f"line {lines.line_num}", values


def _whole(rows: Iterator[Row], width: int, path: Path) -> Iterator[Row]:
    for place, values in rows:
        if len(values) != width:
            raise BillFileError(f"{path}, {place}: {len(values)} values for {width} columns")
        yield place, values


def _lines(file: BinaryIO, path: Path) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        where = f"{path}, line {number}"
        try:
            line = file.readline(_LONGEST_LINE)
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise BillFileError(f"{where}: is neither UTF-8 text, gzip nor Parquet") from None
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise BillFileError(f"{where}: the gzip data is cut off or broken: {error}") from None
        if not line:
            return
        if len(line) == _LONGEST_LINE:
            raise BillFileError(f"{where}: is longer than {_LONGEST_LINE} bytes")
        if "\0" in text:
            raise BillFileError(f"{where}: holds a NUL, as no text does")
        yield text


@contextmanager
def _parquet(path: Path) -> Iterator[BillTable]:
    import duckdb  # slow to load, and only Parquet needs it

    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as database:
        source = [glob.escape(str(path))]
        try:
            columns = database.execute(f"DESCRIBE FROM {_SOURCE}", source).fetchall()
            shown = ", ".join(_as_text(name, kind) for name, kind, *_ in columns)
            database.execute(f"SELECT {shown} FROM {_SOURCE}", source)  # noqa: S608
        except duckdb.Error as error:
            said = str(error).partition("\n")[0]  # what follows is our own query
            raise BillFileError(f"{path}: is no readable Parquet: {said}") from None
        yield BillTable(path, [name for name, *_ in columns], _parquet_rows(database, path))


def _as_text(name: str, kind: str) -> str:
    quoted = '"' + name.replace('"', '""') + '"'
    if kind == "TIMESTAMP WITH TIME ZONE":
        quoted = f"make_timestamp(epoch_us({quoted}))"  # in UTC, whatever zone the machine is in
    return f"coalesce(CAST({quoted} AS VARCHAR), '')"


def _parquet_rows(database: Any, path: Path) -> Iterator[Row]:
    import duckdb

    number = 0
    while True:
        try:
            batch = database.fetchmany(_BATCH)
        except duckdb.Error as error:
            raise BillFileError(f"{path}, row {number + 1}: {error}") from None
        if not batch:
            return
        for values in batch:
            number += 1
            yield f"row {number}", values


def _not_empty(text: str) -> str:
    if not text.strip():
        raise BillFileError("is empty")
    return text
