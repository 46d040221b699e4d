"""Rows of Parquet, as the lines that they would be."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bursar.adapters.usage_files.lines import UnusableFileError
from bursar.adapters.usage_files.rows import COUNTS, KNOWN


def write_as_lines(path: Path, held: ExitStack) -> tuple[Path, list[str] | None]:
    """A file of CSV, and the columns of it that are known; or, where one has another type than
    CSV would be read as or a name holds a newline, a file of JSON. A line's number is its row's.

    Raises:
        UnusableFileError: the file cannot be read, or no column of it is a model.
    """
    import duckdb  # slow to import, and needed for Parquet alone

    directory = held.enter_context(tempfile.TemporaryDirectory(prefix="bursar-"))
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
    return lines, list(known) if as_csv else None


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
