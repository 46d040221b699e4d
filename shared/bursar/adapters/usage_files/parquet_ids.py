"""Rows of Parquet that may not count because of their id: it is told again, or too long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bursar.adapters.usage_files.parquet_file import NO_ID, TOO_LONG, ParquetFile
from bursar.adapters.usage_files.repeated_ids import among, repeated
from bursar.adapters.usage_files.words import Integers, Words

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_IDS_AT_ONCE = 4 << 20


def doubtful_rows(connection: DuckDBPyConnection, files: Sequence[ParquetFile]) -> list[Integers]:
    """The numbers of those rows of each file, from 0: every telling of an id that any of the
    files tells again, or that has its hash. Ids are looked at by parts of their hashes, about
    four million of them at once."""
    sources = [file.source for file in files if "id" in file.types]
    counts = (connection.execute(f"SELECT count(*) FROM {s}").fetchall() for s in sources)  # noqa: S608
    parts = -(-sum(count for ((count,),) in counts) // _IDS_AT_ONCE) or 1
    found: list[list[Integers]] = [[] for _ in files]
    for part in range(parts):
        told = [_told(connection, file, part, parts) for file in files]
        hashes = [each for each, _ in told]
        again = repeated(hashes)
        doubtful = np.append(again[again > TOO_LONG], np.uint64(TOO_LONG))
        doubtful.sort()
        for kept, (_, numbers), rows in zip(found, told, among(hashes, doubtful), strict=True):
            kept.append(numbers[rows])
    return [np.concatenate(rows) for rows in found]


def _told(
    connection: DuckDBPyConnection, file: ParquetFile, part: int, parts: int
) -> tuple[Words, Integers]:
    """The hashes of ids, and the numbers of their rows."""
    if "id" not in file.types:
        return np.empty(0, np.uint64), np.empty(0, np.int64)
    select = f"SELECT {file.id_hash} AS id"
    if parts == 1:  # the order of the rows is kept, and numbers them
        hashes = connection.execute(f"{select} FROM {file.source}").fetchnumpy()["id"]
        return hashes, np.arange(len(hashes))
    some = f"WHERE id > {NO_ID} AND id % {parts} = {part}"
    numbered = f"{select}, file_row_number AS number FROM {file.source}"
    found = connection.execute(f"FROM ({numbered}) {some}").fetchnumpy()
    return found["id"], found["number"]
