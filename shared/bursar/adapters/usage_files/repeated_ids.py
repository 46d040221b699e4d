"""Which ids were told more than once, of more ids than memory holds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import IO

import numpy as np

from bursar.adapters.usage_files.words import Words

_PARTS = 64  # by the highest bits
_IN_MEMORY = 4 << 20  # of 8 bytes each


class IdLog:
    """The 64-bit hashes of ids, in memory, and beyond four million of them in temporary files."""

    def __init__(self, in_memory: int = _IN_MEMORY) -> None:
        self._in_memory = in_memory
        self._recent: list[Words] = []
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

    def add(self, hashes: Words) -> None:
        self._recent.append(hashes)
        self._count += len(hashes)
        if self._count > self._in_memory:
            self._spill()

    def repeated(self) -> Iterator[tuple[Words, int]]:
        """Hashes that came more than once, sorted, and how often in all: a part at a time."""
        if not self._files:
            yield _repeated(self._take())
            return
        self._spill()
        for file in self._files:
            file.seek(0)
            yield _repeated(np.frombuffer(file.read(), np.uint64).copy())

    def _take(self) -> Words:
        hashes = np.concatenate(self._recent) if self._recent else np.empty(0, np.uint64)
        self._recent, self._count = [], 0
        return hashes

    def _spill(self) -> None:
        if not self._files:
            self._files = [
                self._open.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 closed with the log
                for _ in range(_PARTS)
            ]
        hashes = self._take()
        hashes.sort()
        limits = np.arange(1, _PARTS, dtype=np.uint64) << np.uint64(64 - 6)
        for file, part in zip(
            self._files, np.split(hashes, np.searchsorted(hashes, limits)), strict=True
        ):
            file.write(part.tobytes())


def _repeated(hashes: Words) -> tuple[Words, int]:
    hashes.sort()
    again = hashes[1:][hashes[1:] == hashes[:-1]]
    distinct = np.unique(again)
    return distinct, len(again) + len(distinct)
