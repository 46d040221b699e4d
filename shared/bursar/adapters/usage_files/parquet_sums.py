"""Rows of Parquet that leave no doubt, summed by DuckDB; the others, as lines to read.

A row is plain if its names and counts keep to the rules, its id is told once in all of the
files, and no time or length changes the price of its model. Rows of which that is not sure are
read as any line is: what they cost, and whether they are rejected, is decided there alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bursar.adapters.usage_files.grouping import TIMES, time_of
from bursar.adapters.usage_files.parquet_rows import (
    connected,
    has_plain_types,
    known_types,
    unreadable,
    write_rows,
)
from bursar.adapters.usage_files.record_columns import DEFAULTS, MOST
from bursar.adapters.usage_files.rows import COUNTS, NAMES, SUMMED, TOKENS
from bursar.adapters.usage_files.words import Integers
from bursar.domain.usage.file_costs import Dimension, UsageGroup
from bursar.domain.usage.prices import PriceBreaks
from bursar.domain.usage.records import LONGEST_ID_BYTES, LONGEST_NAME_BYTES, TokenCounts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from bursar.ports import TokenPriceSchedule

_IDS_AT_ONCE = 4 << 20
_TIME_TYPES = ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE")  # of whole microseconds


class OddRows(NamedTuple):
    """What of a file is not summed: written as lines, with its columns if those are of CSV, and
    the number of the row that each line is."""

    lines: Path
    names: list[str] | None
    numbers: Integers


class ParquetSums(NamedTuple):
    groups: list[UsageGroup]
    odd: list[OddRows]  # of each file


def sum_plain_rows(
    paths: Sequence[Path],
    book: TokenPriceSchedule,
    by: Sequence[Dimension],
    until: int,
    directory: Path,
) -> ParquetSums | None:
    """None where a column has a type that is not plain. `until` is the last microsecond since
    1970 that is not the future; lines are written into the directory.

    Raises:
        UnusableFileError: a file cannot be read, or no column of it is a model.
    """
    import duckdb

    with connected(directory) as connection:
        types = [known_types(connection, path) for path in paths]
        if not all(map(_is_plain, types)):
            return None
        files = [_File(path, own, by, until) for path, own in zip(paths, types, strict=True)]
        try:
            _find_repeated_ids(connection, files)
            groups = list(_groups(connection, files, book, by))
            odd = [
                _write_odd(connection, file, directory / f"rows-{n}")
                for n, file in enumerate(files)
            ]
        except duckdb.Error as error:
            raise unreadable(paths[0], error) from error
    return ParquetSums(groups, odd)


def _is_plain(types: Mapping[str, str]) -> bool:
    return has_plain_types(types) and types.get("at", _TIME_TYPES[0]) in _TIME_TYPES


class _File:
    """SQL of a file's rows: what stands for each column where nothing is told, and the rules."""

    def __init__(
        self, path: Path, types: Mapping[str, str], by: Sequence[Dimension], until: int
    ) -> None:
        self.types = types
        quoted = str(path).replace("'", "''")
        self.source = f"read_parquet('{quoted}', file_row_number = true)"
        names = ("id", "currency", *NAMES)
        texts = {n: f"coalesce(\"{n}\", '')" if n in types else "''" for n in names}
        at = 'epoch_us("at")' if "at" in types else "NULL"
        batch = "coalesce(batch, false)" if "batch" in types else "false"
        self.price_names = (texts["provider"], texts["model"], batch)
        self.price_hash = f"hash({', '.join(self.price_names)})"
        self.id_hash = f"hash({texts['producer']}, {texts['id']})"
        self.has_id = f"{texts['id']} <> ''"
        self.by = [f"{at} // {TIMES[n]}" if n in TIMES else texts[n.value] for n in by]
        self.sums = [f"sum({self._count(name)})" for name in SUMMED]
        self._texts, self._at = texts, at
        rules = (*self._name_rules(), *self._count_rules(), self._time_rule(by, until))
        self._is_plain = f"coalesce({' AND '.join(rules)}, false)"

    @property
    def is_summed(self) -> str:
        return (
            f"{self._is_plain} AND {self.price_hash} NOT IN (FROM changing)"
            f" AND NOT ({self.has_id} AND {self.id_hash} IN (FROM repeated))"
        )

    @property
    def id_hashes(self) -> str:
        return f"SELECT {self.id_hash} AS id FROM {self.source} WHERE {self.has_id}"  # noqa: S608

    def _count(self, name: str) -> str:
        default = DEFAULTS[name]
        return f'coalesce("{name}", {default})' if name in self.types else f"{default}"

    def _name_rules(self) -> Iterator[str]:
        yield f"{self._texts['model']} <> ''"
        for name in self.types:
            if name == "currency":
                yield f"{self._texts[name]} IN ('', 'USD')"
            elif name in self._texts:
                longest = LONGEST_ID_BYTES if name == "id" else LONGEST_NAME_BYTES
                yield f"strlen({self._texts[name]}) <= {longest}"

    def _count_rules(self) -> Iterator[str]:
        needed = [n for n in ("input_tokens", "output_tokens") if n in self.types]
        yield f"({' OR '.join(f'{n} IS NOT NULL' for n in needed) or 'false'})"
        yield from (
            f'coalesce("{n}" BETWEEN 0 AND {MOST}, true)' for n in COUNTS if n in self.types
        )
        parts = [n for n in TOKENS[1:4] if n in self.types]
        if parts:  # exact up to 2^53, and without overflow in rows that other rules exclude
            whole = self._count("input_tokens")
            yield f"{' + '.join(f'{self._count(n)}::DOUBLE' for n in parts)} <= {whole}"
        if "reasoning_tokens" in self.types:
            yield f"{self._count('reasoning_tokens')} <= {self._count('output_tokens')}"

    def _time_rule(self, by: Sequence[Dimension], until: int) -> str:
        timeless = f"{self._at} IS NULL" if not set(by) & set(TIMES) else "false"
        return f"({timeless} OR {self._at} BETWEEN 0 AND {until})"


def _find_repeated_ids(connection: DuckDBPyConnection, files: Sequence[_File]) -> None:
    """Make a table of the hashes of ids that come more than once."""
    connection.execute("CREATE TEMP TABLE repeated (id UBIGINT)")
    told = " UNION ALL ".join(file.id_hashes for file in files if "id" in file.types)
    if not told:
        return
    ((count,),) = connection.execute(f"SELECT count(*) FROM ({told})").fetchall()  # noqa: S608
    parts = -(-count // _IDS_AT_ONCE)
    for part in range(parts):
        some = f" WHERE id % {parts} = {part}" if parts > 1 else ""
        hashes = connection.execute(f"FROM ({told}){some}").fetchnumpy()["id"]
        hashes.sort()
        ids = np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
        connection.execute("INSERT INTO repeated SELECT unnest($1::UBIGINT[])", [ids.tolist()])


def _groups(
    connection: DuckDBPyConnection,
    files: Sequence[_File],
    book: TokenPriceSchedule,
    by: Sequence[Dimension],
) -> Iterator[UsageGroup]:
    """The sums of plain rows. Makes a table of the models whose price changes first."""
    connection.execute("CREATE TEMP TABLE changing (price UBIGINT)")
    for file in files:
        names = f"{', '.join(file.price_names)}, {file.price_hash}"
        found = connection.execute(f"SELECT DISTINCT {names} FROM {file.source}").fetchall()  # noqa: S608
        changing = [
            price
            for provider, model, batch, price in found
            if book.breaks(provider, model, batch=batch) != PriceBreaks()
        ]
        connection.execute("INSERT INTO changing SELECT unnest($1::UBIGINT[])", [changing])
    for file in files:
        told = (*file.price_names, *file.by, *file.sums)
        found = connection.execute(
            f"SELECT {', '.join(told)} FROM {file.source}"  # noqa: S608
            f" WHERE {file.is_summed} GROUP BY {', '.join((*file.price_names, *file.by))}"
        ).fetchall()
        for provider, model, batch, *values in found:
            named, (requests, *tokens) = values[: len(by)], values[len(by) :]
            yield UsageGroup(
                by=tuple(
                    time_of(each, value * TIMES[each]) if each in TIMES else value
                    for each, value in zip(by, named, strict=True)
                ),
                provider=provider,
                model=model,
                batch=batch,
                at=None,
                mean_input=Fraction(0),
                requests=requests,
                tokens=TokenCounts(*tokens),
            )


def _write_odd(connection: DuckDBPyConnection, file: _File, target: Path) -> OddRows:
    columns = ", ".join(f'"{name}"' for name in file.types)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE odd AS SELECT file_row_number + 1 AS number, {columns}"  # noqa: S608
        f" FROM {file.source} WHERE NOT ({file.is_summed})"
    )
    numbers = connection.execute("SELECT number FROM odd ORDER BY number").fetchnumpy()["number"]
    rows = connection.sql(f"SELECT {columns} FROM odd ORDER BY number")  # noqa: S608
    return OddRows(target, write_rows(rows, file.types, target), numbers)
