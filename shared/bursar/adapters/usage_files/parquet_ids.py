"""Rows of Parquet that may not count because of their id: it is told again, or too long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bursar.adapters.usage_files.parquet_file import NO_ID, TOO_LONG, ParquetFile
from bursar.adapters.usage_files.repeated_ids import Hashes, among, repeated
from bursar.adapters.usage_files.words import Integers

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_IDS_AT_ONCE = 4 << 20
_BITS = 32  # of a hash: two in a thousand of so many other ids share one, and are looked at, too


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
        doubtful = np.append(again[again > TOO_LONG], again.dtype.type(TOO_LONG))
        doubtful.sort()
        for kept, (_, numbers), rows in zip(found, told, among(hashes, doubtful), strict=True):
            kept.append(rows if numbers is None else numbers[rows])
    return [np.concatenate(rows) for rows in found]


def _told(
    connection: DuckDBPyConnection, file: ParquetFile, part: int, parts: int
) -> tuple[Hashes, Integers | None]:
    """The hashes of ids, and the numbers of their rows; those of all rows are not told."""
    if "id" not in file.types:
        return np.empty(0, np.uint32), None
    if parts == 1:
        told = f"SELECT {file.id_hash(_BITS)} AS id FROM {file.source}"  # noqa: S608
        return connection.execute(told).fetchnumpy()["id"], None
    select = f"SELECT {file.id_hash(2 * _BITS)} AS id"
    some = f"WHERE id > {NO_ID} AND id % {parts} = {part}"
    numbered = f"{select}, file_row_number AS number FROM {file.source}"
    found = connection.execute(f"FROM ({numbered}) {some}").fetchnumpy()
    return found["id"], found["number"]
