"""Which ids were told more than once, of more ids than memory holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import IO, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bursar.adapters.usage_files.words import Integers, Mask, Words

_PARTS = 64  # by the highest bits
_IN_MEMORY = 4 << 20  # of 16 bytes each
_AT_ONCE = 1 << 18  # tellings of repeated ids that are held at once
_PLACE_BITS = 44  # 16 TB of a file; the bits above are the file's number
_PLACE = np.uint64((1 << _PLACE_BITS) - 1)
_FEWEST_BITS, _MOST_BITS = 16, 24  # of a table that tells most ids not to be repeated
_ROWS_AT_ONCE = 1 << 16
_NO_ROWS: Integers = np.empty(0, np.int64)
_NO_HASHES: Words = np.empty(0, np.uint64)

Hashes: TypeAlias = NDArray[np.unsignedinteger[Any]]


class Places(NamedTuple):
    """Where lines start, in the order of files and lines: the number of the file, and in it."""

    files: Integers
    places: Integers


class IdLog:
    """The 64-bit hashes of ids and where each was told, in memory, and beyond four million of
    them in temporary files."""

    def __init__(self, in_memory: int = _IN_MEMORY, at_once: int = _AT_ONCE) -> None:
        self._in_memory = in_memory
        self._at_once = at_once
        self._recent: list[tuple[Words, Words]] = []
        self._count = 0
        self._files: list[IO[bytes]] = []
        self._open = ExitStack()

    def __enter__(self) -> IdLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open.close()
        self._recent = []

    def add(self, hashes: Words, places: Integers, file: int) -> None:
        told = places.view(np.uint64) | np.uint64(file << _PLACE_BITS)
        self._recent.append((hashes, told))
        self._count += len(hashes)
        if self._count > self._in_memory:
            self._spill()

    def repeated(self) -> Iterator[Places]:
        """Where ids were told that came more than once, each with all its tellings: about a
        quarter of a million of them at a time, or those of one id."""
        if not self._files:
            yield from self._repeated(self._recent)
            return
        self._spill()
        for file in self._files:
            file.seek(0)
            pairs = np.frombuffer(file.read(), np.uint64).reshape(-1, 2)
            yield from self._repeated([(pairs[:, 0], pairs[:, 1])])

    def _repeated(self, pairs: Sequence[tuple[Words, Words]]) -> Iterator[Places]:
        # their halves are sooner sorted; few of other ids are the same
        halves = [hashes.astype(np.uint32) for hashes, _ in pairs]
        if not len(likely := repeated(halves)):
            return
        rows = among(halves, likely)
        found = [(h[r], told[r]) for (h, told), r in zip(pairs, rows, strict=True)]
        hashes, told = map(np.concatenate, zip(*found, strict=True))
        if not len(ids := repeated([hashes])):
            return
        for some in np.array_split(ids, min(-(-len(hashes) // self._at_once), len(ids))):
            places = np.sort(told[among([hashes], some)[0]])
            files = (places >> np.uint64(_PLACE_BITS)).astype(np.int64)
            yield Places(files, (places & _PLACE).astype(np.int64))

    def _spill(self) -> None:
        import tempfile  # which most of the time is not needed

        if not self._files:
            self._files = [
                self._open.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 closed with the log
                for _ in range(_PARTS)
            ]
        none = np.empty(0, np.uint64)
        hashes, told = map(np.concatenate, zip((none, none), *self._recent, strict=True))
        self._recent, self._count = [], 0
        order = np.argsort(hashes)
        pairs = np.stack((hashes[order], told[order]), axis=1)
        limits = np.arange(1, _PARTS, dtype=np.uint64) << np.uint64(64 - 6)
        for file, part in zip(
            self._files, np.split(pairs, np.searchsorted(pairs[:, 0], limits)), strict=True
        ):
            file.write(part.tobytes())


def repeated(hashes: Sequence[Hashes]) -> Hashes:
    """Those that come more than once in all of them, each once, rising."""
    ordered = np.concatenate(hashes or [_NO_HASHES])
    ordered.sort()
    again: Hashes = ordered[1:][ordered[1:] == ordered[:-1]]
    return again[np.append(True, again[1:] != again[:-1])] if len(again) else again


def among(several: Sequence[Hashes], ids: Hashes) -> list[Integers]:
    """Which of each of the hashes are these ids', which rise. Most are told not to be by a table
    of their lowest bits, far sooner than by a search: one in a hundred of the others passes it."""
    bits = min(max((100 * len(ids)).bit_length(), _FEWEST_BITS), _MOST_BITS)
    lowest = ids.dtype.type((1 << bits) - 1)
    marked = np.zeros(1 << bits, np.bool_)
    marked[ids & lowest] = True
    rows = []
    for hashes in several:
        likely = np.concatenate([_NO_ROWS, *_likely(hashes, lowest, marked)])
        found = hashes[likely]
        places = np.minimum(np.searchsorted(ids, found), len(ids) - 1)
        rows.append(np.compress(ids[places] == found, likely))
    return rows


def _likely(hashes: Hashes, lowest: Any, marked: Mask) -> Iterator[Integers]:
    """The rows of the hashes that are marked by these bits, so many at once as a cache holds."""
    for n in range(0, len(hashes), _ROWS_AT_ONCE):
        yield n + np.flatnonzero(marked[hashes[n : n + _ROWS_AT_ONCE] & lowest])
