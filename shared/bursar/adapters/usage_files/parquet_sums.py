"""Rows of Parquet that leave no doubt, summed by DuckDB; the others, as lines to read.

A row is plain if its names and counts keep to the rules, its id is told once in all of the
files, and no time or length changes the price of its model. Rows of which that is not sure are
read as any line is: what they cost, and whether they are rejected, is decided there alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bursar.adapters.usage_files.parquet_file import ROW_NUMBER, ParquetFile
from bursar.adapters.usage_files.parquet_groups import GroupTable
from bursar.adapters.usage_files.parquet_ids import doubtful_rows
from bursar.adapters.usage_files.parquet_rows import (
    column_names,
    connected,
    duckdb,
    has_plain_types,
    known_types,
    unreadable,
    write_rows,
)
from bursar.adapters.usage_files.words import Integers
from bursar.domain.usage.file_costs import Dimension
from bursar.domain.usage.grouped_usage import GroupedUsage, PricedAs
from bursar.domain.usage.prices import PriceBreaks

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from bursar.ports import TokenPriceSchedule

_NUMBERS_AT_ONCE = 1 << 17  # told to DuckDB
_TIME_TYPES = ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE")  # of whole microseconds


class OddRows(NamedTuple):
    """What of a file is not summed: written as lines, with its columns if those are of CSV, and
    the number of the row that each line is."""

    lines: Path
    names: list[str] | None
    numbers: Integers


class ParquetSums(NamedTuple):
    groups: list[GroupedUsage]
    odd: list[OddRows]  # of each file


def sum_plain_rows(
    paths: Sequence[Path],
    book: TokenPriceSchedule,
    by: Sequence[Dimension],
    until: int,
    directory: Path,
) -> ParquetSums | None:
    """None where a column has a type that is not plain, or the name by which DuckDB numbers rows.
    `until` is the last microsecond since 1970 that is not the future; lines are written into the
    directory.

    Raises:
        UnusableFileError: a file cannot be read, or no column of it is a model.
    """
    with connected(directory) as connection:
        types = [known_types(connection, path) for path in paths]
        names = [name.lower() for path in paths for name in column_names(connection, path)]
        if ROW_NUMBER in names or not all(map(_is_plain, types)):
            return None
        files = [ParquetFile(path, own, by, until) for path, own in zip(paths, types, strict=True)]
        groups: list[GroupedUsage] = []
        odd: list[OddRows] = []
        try:
            doubtful = doubtful_rows(connection, files)
            for n, file in enumerate(files):
                _tell_doubtful(connection, doubtful[n])
                table = GroupTable(connection, file)
                changing = [each for each in table.prices() if _changes(each, book)]
                plain = _without(connection, file, changing)
                if changing:
                    table.drop("IN (FROM changing)")
                _find_odd(connection, file, plain, table.records())
                table.take_back("odd", plain)
                groups.append(table.groups(by))
                odd.append(_write_odd(connection, file, directory / f"rows-{n}"))
        except duckdb().Error as error:
            raise unreadable(paths[0], error) from error
    return ParquetSums(groups, odd)


def _is_plain(types: Mapping[str, str]) -> bool:
    return has_plain_types(types) and types.get("at", _TIME_TYPES[0]) in _TIME_TYPES


def _tell_doubtful(connection: DuckDBPyConnection, rows: Integers) -> None:
    """Make a table of the numbers of these rows."""
    statement = "CREATE OR REPLACE TEMP TABLE doubtful AS"
    for n in range(0, len(rows) or 1, _NUMBERS_AT_ONCE):
        some = rows[n : n + _NUMBERS_AT_ONCE].tolist()
        connection.execute(f"{statement} SELECT unnest($1::BIGINT[]) AS number", [some])
        statement = "INSERT INTO doubtful"


def _changes(priced: PricedAs, book: TokenPriceSchedule) -> bool:
    return book.breaks(priced.provider, priced.model, batch=priced.batch) != PriceBreaks()


def _without(
    connection: DuckDBPyConnection, file: ParquetFile, changing: Sequence[PricedAs]
) -> str:
    """The condition of the rows that are plain, if it were not for their ids. Makes a table of
    the prices that change."""
    if not changing:
        return file.keeps_rules
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE changing AS"
        " SELECT ROW(unnest($1::VARCHAR[]), unnest($2::VARCHAR[]), unnest($3::BOOLEAN[]))",
        list(map(list, zip(*(each[:3] for each in changing), strict=True))),
    )
    names = ", ".join(file.price_names)
    return f"{file.keeps_rules} AND ROW({names}) NOT IN (FROM changing)"


def _find_odd(
    connection: DuckDBPyConnection, file: ParquetFile, plain: str, plain_rows: int
) -> None:
    """Make a table of the rows that are doubtful, or not plain if there are such."""
    ((rows,),) = connection.execute(f"SELECT count(*) FROM {file.source}").fetchall()  # noqa: S608
    columns = ", ".join(f'"{name}"' for name in file.types)
    others = f" OR ({plain}) IS NOT TRUE" if plain_rows < rows else ""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE odd AS SELECT file_row_number + 1 AS number, {columns}"  # noqa: S608
        f" FROM {file.source} WHERE file_row_number IN (FROM doubtful){others}"
    )


def _write_odd(connection: DuckDBPyConnection, file: ParquetFile, target: Path) -> OddRows:
    columns = ", ".join(f'"{name}"' for name in file.types)
    numbers = connection.execute("SELECT number FROM odd ORDER BY number").fetchnumpy()["number"]
    rows = f"SELECT {columns} FROM odd ORDER BY number"  # noqa: S608
    return OddRows(target, write_rows(connection, rows, file.types, target), numbers)
