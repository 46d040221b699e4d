"""Files as chunks of whole lines."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import IO, NamedTuple, cast

import numpy as np

from bursar.adapters.rereadable_files import open_rereadable
from bursar.adapters.usage_files.block_memory import BlockMemory
from bursar.adapters.usage_files.buffer import AFTER, BEFORE, Buffer
from bursar.adapters.usage_files.quoted_cells import end_of_records

CHUNK_BYTES = 2 << 20  # measured: arrays of its lines still fit into a cache
LONGEST_LINE_BYTES = 1 << 20
_LARGEST_KEPT = 31 << 20
_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_BOM = b"\xef\xbb\xbf"


class UnusableFileError(Exception):
    """The file cannot be read, or nothing in it could be a usage record."""


class Chunk(NamedTuple):
    """Whole lines, each with its newline, and where in the file they start, as it is unzipped.
    A line beyond the longest is cut off there and `too_long`. Of CSV they are whole records; the
    line in which a quoted cell begins that does not end is one, too."""

    lines: Buffer
    place: int
    too_long: bool = False


def is_parquet(path: Path) -> bool:
    with _opened(path) as file:
        return file.read(4) == _PARQUET


def read_chunks(path: Path, csv: bool = False, size: int = CHUNK_BYTES) -> Iterator[Chunk]:
    """Every line of a file, gzip or plain, without its byte order mark.

    Raises:
        UnusableFileError: it cannot be read, or its gzip is damaged.
    """
    _keep_freed_memory()
    with _unzipped(path) as stream:
        yield from _chunks(stream, size, csv)


def read_lines(path: Path, places: Sequence[int], csv: bool = False) -> Iterator[bytes]:
    """The lines that start at these places, which rise, each with its newline; or the records.

    Raises:
        UnusableFileError: see `read_chunks`.
    """
    with _unzipped(path) as stream:
        for place in places:
            stream.seek(place)
            line = _line(stream)
            yield _whole_record(stream, line) if csv and b'"' in line else line


def _whole_record(stream: IO[bytes], first: bytes) -> bytes:
    """A line with those that its quoted cells go on in; itself, where one of them does not end."""
    line = first
    while not end_of_records(line) and len(line) <= LONGEST_LINE_BYTES:
        if not (more := stream.readline()):
            break
        line += more
    return line if end_of_records(line) else first


def _line(stream: IO[bytes]) -> bytes:
    return stream.readline().removesuffix(b"\n") + b"\n"


@contextmanager
def _unzipped(path: Path) -> Iterator[IO[bytes]]:
    try:
        with _opened(path) as file:
            zipped = file.read(2) == _GZIP
            file.seek(0)
            yield _gunzipped(file) if zipped else file
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UnusableFileError(f"{path}: {reason}") from error


def _gunzipped(file: IO[bytes]) -> IO[bytes]:
    import gzip  # which most of the time is not needed

    return cast(IO[bytes], gzip.GzipFile(fileobj=file))


def _opened(path: Path) -> IO[bytes]:
    try:
        return open_rereadable(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UnusableFileError(f"{path}: {reason}") from error


def _keep_freed_memory() -> None:
    """Let each chunk use the memory of the one before, rather than have the system take it back
    and clear it again: glibc keeps up to twice the largest block that was ever freed, of those
    below 32 MiB (`mallopt`, M_MMAP_THRESHOLD). This one is never written to, and takes none."""
    np.empty(_LARGEST_KEPT, np.uint8)


def _chunks(stream: IO[bytes], size: int, csv: bool) -> Iterator[Chunk]:
    start = stream.read(len(_BOM))
    place = len(_BOM) if start == _BOM else 0  # of what is left of the block before
    rest = b"" if place else start
    memory = BlockMemory()
    while True:
        block = memory.take(len(BEFORE) + len(rest) + size + len(AFTER))
        filled = _fill(block, rest, stream, size)
        if filled == len(BEFORE) + len(rest):
            break
        lines, rest = _whole_lines(block, filled, csv)
        if len(lines):
            yield Chunk(lines, place)
        place += len(lines)
        del block, lines  # whoever has a view of a block keeps it from being used again
        if len(rest) > LONGEST_LINE_BYTES:
            line = rest[: rest.find(b"\n", 0, LONGEST_LINE_BYTES) + 1]
            if line:  # no cell is so long: what opens one there is not closed
                yield Chunk(Buffer.of(line), place)
                place, rest = place + len(line), rest[len(line) :]
                continue
            yield Chunk(Buffer.of(rest[:LONGEST_LINE_BYTES], b"\n"), place, too_long=True)
            rest = _skip_line(stream, size)
            place = stream.tell() - len(rest)
    while rest:
        rest = rest.removesuffix(b"\n") + b"\n"
        end = (end_of_records(rest) if csv else len(rest)) or rest.find(b"\n") + 1
        yield Chunk(Buffer.of(rest[:end]), place)
        place, rest = place + end, rest[end:]


def _fill(block: bytearray, rest: bytes, stream: IO[bytes], size: int) -> int:
    """Put BEFORE into it, the rest, and so many bytes more, and tell where those end."""
    start = len(BEFORE) + len(rest)
    block[:start] = BEFORE + rest
    with memoryview(block) as view:
        return start + cast(BufferedIOBase, stream).readinto(view[start : start + size])


def _whole_lines(block: bytearray, filled: int, csv: bool) -> tuple[Buffer, bytes]:
    """Those that it is filled with, of CSV whole records, in this very memory; and the rest."""
    first = len(BEFORE)
    end = block.rfind(b"\n", first, filled) + 1 or first
    has_quotes = csv and block.find(b'"', first, filled) >= 0
    if has_quotes:
        end = first + end_of_records(bytes(block[first:end]))
    rest = bytes(block[end:filled])
    block[end : end + len(AFTER)] = AFTER
    del block[end + len(AFTER) :]
    lines = Buffer(block)
    if csv and not has_quotes:
        lines.has_quotes = False  # and need not be searched for them
    return lines, rest


def _skip_line(stream: IO[bytes], size: int) -> bytes:
    """What follows the next newline, of what was read to find it."""
    while block := stream.read(size):
        _, newline, rest = block.partition(b"\n")
        if newline:
            return rest
    return b""
