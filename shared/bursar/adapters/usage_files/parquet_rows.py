"""Rows of Parquet, as the lines that they would be."""

from __future__ import annotations

import glob
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from bursar.adapters.usage_files.lines import UnusableFileError
from bursar.adapters.usage_files.rows import COUNTS, KNOWN

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def duckdb() -> ModuleType:
    """The engine of DuckDB by itself: to import what its package has around that takes longer
    than to sum a million rows, and is not needed here. Older packages have it within."""
    try:
        return import_module("_duckdb")
    except ImportError:
        return import_module("duckdb")


@contextmanager
def connected(directory: Path) -> Iterator[DuckDBPyConnection]:
    """An empty database that spills into this directory; times are those of UTC."""
    with duckdb().connect(config={"memory_limit": "200MB", "threads": 1}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET temp_directory = ?", [str(directory)])
        yield connection


def known_types(connection: DuckDBPyConnection, path: Path) -> dict[str, str]:
    """The types of the columns that are known.

    Raises:
        UnusableFileError: the file cannot be read, no column of it is a model, or a known one is
            told twice: names in DuckDB have no case.
    """
    try:
        names = column_names(connection, path)
        columns = connection.execute(f"DESCRIBE FROM {source_of(path)}").fetchall()
    except duckdb().Error as error:
        raise unreadable(path, error) from error
    for name in KNOWN & set(names):
        same = [each for each in names if each.lower() == name]
        if len(same) > 1:
            other = next((each for each in same if each != name), name)
            raise UnusableFileError(f"{path}: has column `{name}` twice, once as `{other}`")
    types = {name: kind for name, kind, *_ in columns if name in KNOWN}
    if "model" not in types:
        raise UnusableFileError(f"{path}: has no column `model`")
    return types


def column_names(connection: DuckDBPyConnection, path: Path) -> list[str]:
    """As they are written; those that are within another are left out."""
    told = f"SELECT name, num_children FROM parquet_schema({_quoted(path)})"  # noqa: S608
    _, *rows = connection.execute(told).fetchall()
    names: list[str] = []
    within = 0
    for name, children in rows:
        if within:
            within -= 1
        else:
            names.append(name)
        within += children or 0
    return names


def source_of(path: Path, *options: str) -> str:
    """This file and no other: neither a pattern of names, nor columns that its folders tell."""
    told = ", ".join((_quoted(path), "hive_partitioning = false", *options))
    return f"read_parquet({told})"


def _quoted(path: Path) -> str:
    return "'" + glob.escape(str(path)).replace("'", "''") + "'"


def unreadable(path: Path, error: Exception) -> UnusableFileError:
    return UnusableFileError(f"{path}: is no readable Parquet: {str(error).splitlines()[0]}")


def write_as_lines(path: Path, held: ExitStack) -> tuple[Path, list[str] | None]:
    """See `write_rows`. What is written is `held`.

    Raises:
        UnusableFileError: the file cannot be read, or no column of it is a model.
    """
    directory = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="bursar-")))
    with connected(directory) as connection:
        types = known_types(connection, path)
        columns = ", ".join(f'"{name}"' for name in types)
        rows = f"SELECT {columns} FROM {source_of(path)}"  # noqa: S608
        try:
            return directory / "rows", write_rows(connection, rows, types, directory / "rows")
        except duckdb().Error as error:
            raise unreadable(path, error) from error


def write_rows(
    connection: DuckDBPyConnection, rows: str, types: Mapping[str, str], target: Path
) -> list[str] | None:
    """Write the rows of a query as CSV without a header, and tell its columns; or, where one has
    another type than CSV would be read as or a name holds a newline, as JSON. A line's number is
    its row's."""
    as_csv = has_plain_types(types) and not _any_newline(connection, rows, types)
    options = "FORMAT csv, HEADER false" if as_csv else "FORMAT json"
    path = str(target).replace("'", "''")
    connection.execute(f"COPY ({rows}) TO '{path}' ({options})")
    return list(types) if as_csv else None


def has_plain_types(types: Mapping[str, str]) -> bool:
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


def _any_newline(connection: DuckDBPyConnection, rows: str, types: Mapping[str, str]) -> bool:
    texts = [f'contains("{name}", chr(10))' for name in types if types[name] == "VARCHAR"]
    found = connection.execute(f"SELECT bool_or({' OR '.join(texts)}) FROM ({rows})")  # noqa: S608
    return bool(found.fetchall()[0][0])
