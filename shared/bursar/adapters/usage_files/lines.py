"""Files as chunks of whole lines."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

CHUNK_BYTES = 1 << 20  # measured: arrays of its lines still fit into a cache
LONGEST_LINE_BYTES = 1 << 20
_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_BOM = b"\xef\xbb\xbf"


class UnusableFileError(Exception):
    """The file cannot be read, or nothing in it could be a usage record."""


class Chunk(NamedTuple):
    """Whole lines, each with its newline. A line beyond the longest is cut off there and
    `too_long`."""

    lines: bytes
    too_long: bool = False


def is_parquet(path: Path) -> bool:
    with _opened(path) as file:
        return file.read(4) == _PARQUET


def read_chunks(path: Path, size: int = CHUNK_BYTES) -> Iterator[Chunk]:
    """Every line of a file, gzip or plain, without its byte order mark.

    Raises:
        UnusableFileError: it cannot be read, or its gzip is damaged.
    """
    try:
        with _opened(path) as file:
            zipped = file.read(2) == _GZIP
            file.seek(0)
            stream = cast(IO[bytes], gzip.GzipFile(fileobj=file)) if zipped else file
            yield from _chunks(stream, size)
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UnusableFileError(f"{path}: {reason}") from error


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UnusableFileError(f"{path}: {reason}") from error


def _chunks(stream: IO[bytes], size: int) -> Iterator[Chunk]:
    start = stream.read(len(_BOM))
    rest = b"" if start == _BOM else start
    while block := stream.read(size):
        lines = rest + block
        end = lines.rfind(b"\n") + 1
        lines, rest = lines[:end], lines[end:]
        if lines:
            yield Chunk(lines)
        if len(rest) > LONGEST_LINE_BYTES:
            yield Chunk(rest[:LONGEST_LINE_BYTES] + b"\n", too_long=True)
            rest = _skip_line(stream, size)
    if rest:
        yield Chunk(rest + b"\n")


def _skip_line(stream: IO[bytes], size: int) -> bytes:
    """What follows the next newline, of what was read to find it."""
    while block := stream.read(size):
        _, newline, rest = block.partition(b"\n")
        if newline:
            return rest
    return b""
