"""Groups that DuckDB sums in a table, and tells as columns: no object is made of a group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bursar.adapters.usage_files.grouping import TIMES, labels_of_times
from bursar.adapters.usage_files.parquet_file import ParquetFile
from bursar.adapters.usage_files.parquet_rows import duckdb
from bursar.domain.usage.file_costs import Dimension
from bursar.domain.usage.grouped_usage import GroupedUsage, Labels, Numbers, PricedAs

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_PRICED = ("key_0", "key_1", "key_2")  # provider, model and batch


class GroupTable:
    """Groups of the rows of one file, by what prices them and is asked for."""

    def __init__(self, connection: DuckDBPyConnection, file: ParquetFile) -> None:
        """With the rows that keep the rules."""
        self._connection = connection
        self._file = file
        self._keys = [f"key_{n}" for n in range(len(file.keys))]
        told = self._told(file.source, file.rows_keep, file.keys_keep)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE grouped AS {told}")

    def take_back(self, rows: str, where: str) -> None:
        """What was summed of these rows. Groups that are alike are told apart."""
        told = self._told(rows, where, "true", sign="-")
        self._connection.execute(f"INSERT INTO grouped {told}")

    def _told(self, rows: str, where: str, having: str, *, sign: str = "") -> str:
        keys = zip(self._file.keys, self._keys, strict=True)
        columns = [f"{key} AS {name}" for key, name in keys]
        columns += [f"{sign}{total} AS {name}" for name, total in self._file.sums.items()]
        return (
            f"SELECT {', '.join(columns)} FROM {rows} WHERE {where}"  # noqa: S608
            f" GROUP BY {', '.join(self._file.grouped)} HAVING {having}"
        )

    def prices(self) -> list[PricedAs]:
        return [PricedAs(*each) for each in self._distinct(*_PRICED)]

    def drop(self, condition: str) -> None:
        """The groups of those whose provider, model and batch, as a row, are so."""
        names = ", ".join(_PRICED)
        self._connection.execute(f"DELETE FROM grouped WHERE ROW({names}) {condition}")  # noqa: S608

    def records(self) -> int:
        found = self._connection.execute("SELECT sum(records) FROM grouped").fetchall()
        return int(found[0][0] or 0)

    def groups(self, by: Sequence[Dimension]) -> GroupedUsage:
        keys = list(zip(by, self._keys[len(_PRICED) :], strict=True))
        codes = [key if each in TIMES else _rank(key) for each, key in keys]
        priced, *columns = self._fetched([_rank(*_PRICED), *codes])
        labels = [
            labels_of_times(each, told * TIMES[each])
            if each in TIMES
            else Labels([text for (text,) in self._distinct(key)], told)
            for (each, key), told in zip(keys, columns, strict=False)
        ]
        sums = dict(zip(self._file.sums, columns[len(by) :], strict=True))
        return GroupedUsage(tuple(labels), self.prices(), priced, sums)

    def _distinct(self, *columns: str) -> list[tuple[Any, ...]]:
        """In the order of their ranks."""
        told = f"SELECT DISTINCT {', '.join(columns)} FROM grouped ORDER BY ALL"  # noqa: S608
        found: list[tuple[Any, ...]] = self._connection.execute(told).fetchall()
        return found

    def _fetched(self, codes: Sequence[str]) -> list[Numbers]:
        """These of each group, and its sums."""
        try:
            return self._columns(codes, "BIGINT")
        except duckdb().ConversionException:  # a sum is larger: Python's own integers hold it
            return self._columns(codes, "VARCHAR")

    def _columns(self, codes: Sequence[str], kind: str) -> list[Numbers]:
        sums = self._file.sums
        told = [f"({code})::BIGINT AS code_{n}" for n, code in enumerate(codes)]
        told += [f"{name}::{kind} AS {name}" for name in sums]
        found = self._connection.execute(f"SELECT {', '.join(told)} FROM grouped").fetchnumpy()  # noqa: S608
        if kind == "VARCHAR":
            found |= {name: np.array([*map(int, found[name])], object) for name in sums}
        return list(found.values())


def _rank(*columns: str) -> str:
    return f"dense_rank() OVER (ORDER BY {', '.join(columns)}) - 1"
