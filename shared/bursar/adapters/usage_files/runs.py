"""Words of lines from one place on, which hold several values: to take words from places that
are anywhere costs far more than to shift them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bursar.adapters.usage_files.buffer import Buffer
from bursar.adapters.usage_files.words import WORD, Integers, Mask, Words

_BITS = 8  # of a byte


class Run:
    """So many bytes of each line at least, from its place on. Offsets count from there."""

    def __init__(self, buffer: Buffer, places: Integers, size: int) -> None:
        self._words = buffer.windows(places, -(-size // WORD) or 1)
        self.size = WORD * len(self._words)

    def words(self, offset: int, count: int) -> tuple[Words, ...]:
        """From an offset on; zeros follow what was taken."""
        first, behind = divmod(offset, WORD)
        some = self._words[first : first + count + 1]
        if not behind:
            return some[:count]
        low, high = np.uint64(_BITS * behind), np.uint64(_BITS * (WORD - behind))
        words = [word >> low for word in some[:count]]
        for word, following in zip(words, some[1:], strict=False):
            word |= following << high
        return tuple(words)

    def differs(self, end: int, expected: bytes) -> Iterator[Mask]:
        """Which lines have other bytes than these up to this offset, word by word."""
        start = end - len(expected)
        for n in range(start // WORD, -(-end // WORD)):
            within = range(max(start, n * WORD), min(end, (n + 1) * WORD))
            part = expected[within.start - start : within.stop - start]
            shift = _BITS * (within.start - n * WORD)
            word = np.uint64(int.from_bytes(part, "little") << shift)
            if len(within) == WORD:
                yield self._words[n] != word
            else:
                mask = np.uint64(((1 << _BITS * len(within)) - 1) << shift)
                yield (self._words[n] & mask) != word
