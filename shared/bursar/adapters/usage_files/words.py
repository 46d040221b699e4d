"""Values inside a buffer of bytes, many at once, as words of eight bytes.

A value is a start and a length. Its words are little-endian, so its first byte is the lowest.
All arithmetic on words wraps at 2^64, as it is meant to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Words: TypeAlias = NDArray[np.uint64]
Integers: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

BEFORE, AFTER = b"\0" * 16, b"\0" * 16  # so that a word may be taken at any place

_WORD = 8
_BITS = np.uint64(64)
_LOW = np.array([(1 << (8 * n)) - 1 for n in range(9)], np.uint64)  # the lowest n bytes
_ZEROS = np.uint64(0x3030303030303030)  # the text 00000000
_HIGH_HALVES = np.uint64(0xF0F0F0F0F0F0F0F0)
_LOW_HALVES = np.uint64(0x0F0F0F0F0F0F0F0F)
_SIXES = np.uint64(0x0606060606060606)
_MULTIPLIERS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
_FINAL = np.uint64(0xBF58476D1CE4E5B9)


class Texts(NamedTuple):
    """Values of one column: where each starts in the buffer, and its length in bytes."""

    starts: Integers
    lengths: Integers

    def where(self, kept: Mask) -> Texts:
        return Texts(self.starts[kept], self.lengths[kept])


class Buffer:
    """Bytes with room around them."""

    def __init__(self, content: bytes) -> None:
        fill = b"\0" * (-len(content) % _WORD)
        self.padded = b"".join((BEFORE, content, fill, AFTER))
        self.bytes = np.frombuffer(self.padded, np.uint8)
        self._aligned: Words = np.frombuffer(self.padded, np.dtype("<u8"))

    def at(self, places: Integers) -> Words:
        """The word that starts at each place, of the two aligned ones that hold it: numpy takes
        aligned words four times as fast."""
        index = places >> 3
        shift = ((places & 7) << 3).astype(np.uint64)
        low: Words = self._aligned[index] >> shift
        index += 1
        high: Words = self._aligned[index] << (_BITS - shift)  # a shift by 64 leaves nothing
        return low | high

    def text(self, start: int, length: int) -> str:
        return self.padded[start : start + length].decode()

    def is_at(self, expected: bytes, places: Integers) -> Mask:
        """Whether these very bytes stand at each place."""
        found = np.ones(len(places), np.bool_)
        for offset in range(0, len(expected), _WORD):
            part = expected[offset : offset + _WORD]
            word = np.uint64(int.from_bytes(part, "little"))
            found &= (self.at(places + offset) & _LOW[len(part)]) == word
        return found

    def words_of(self, texts: Texts) -> Iterator[Words]:
        """First words, second words, ... of all, with zeros behind the end of each."""
        for offset in range(0, int(texts.lengths.max(initial=0)), _WORD):
            left = np.clip(texts.lengths - offset, 0, _WORD)
            yield self.at(np.where(left > 0, texts.starts + offset, 0)) & _LOW[left]

    def hashes(self, texts: Texts) -> tuple[Words, Words]:
        """Two independent 64-bit hashes of each text."""
        first = texts.lengths.astype(np.uint64)
        second = first.copy()
        for word in self.words_of(texts):
            first = (first ^ word) * _MULTIPLIERS[0]
            first ^= first >> np.uint64(29)
            second = (second ^ word) * _MULTIPLIERS[1]
            second ^= second >> np.uint64(31)
        return mixed(first), mixed(second)

    def whole_numbers(self, texts: Texts) -> tuple[Integers, Mask]:
        """Numbers of up to 16 digits without leading zeros, and which of the texts are ones."""
        ends, lengths = texts.starts + texts.lengths, texts.lengths
        numbers, good = _eight_digits(self.at(ends - _WORD), np.minimum(lengths, _WORD))
        if int(lengths.max(initial=0)) > _WORD:
            high, also = _eight_digits(
                self.at(ends - 2 * _WORD), np.clip(lengths - _WORD, 0, _WORD)
            )
            numbers, good = numbers + high * 10**_WORD, good & also
        leading = (self.bytes[texts.starts] == ord("0")) & (lengths > 1)
        return numbers, good & ~leading & (lengths > 0) & (lengths <= 2 * _WORD)


def digits_at_start(words: Words, lengths: Integers) -> tuple[Integers, Mask]:
    """The first digits of each word, as if zeros followed to the eighth: `5` is 50000000."""
    kept = _LOW[lengths]
    return number_of((words & kept) | (_ZEROS & ~kept))


def mixed(words: Words) -> Words:
    """Every bit of a word spread over all of it."""
    words = (words ^ (words >> np.uint64(30))) * _FINAL
    return words ^ (words >> np.uint64(27))


def _eight_digits(words: Words, lengths: Integers) -> tuple[Integers, Mask]:
    """The number in the last `lengths` bytes of each word."""
    filled = _LOW[_WORD - lengths]
    return number_of((words & ~filled) | (_ZEROS & filled))


def number_of(words: Words) -> tuple[Integers, Mask]:
    """The number that the eight digits of each word write: first pairs of digits are summed,
    then pairs of pairs, then both fours."""
    good = ((words & _HIGH_HALVES) == _ZEROS) & (((words + _SIXES) & _HIGH_HALVES) == _ZEROS)
    values = ((words & _LOW_HALVES) * np.uint64(2561)) >> np.uint64(8)
    values = ((values & np.uint64(0x00FF00FF00FF00FF)) * np.uint64(6553601)) >> np.uint64(16)
    values = ((values & np.uint64(0x0000FFFF0000FFFF)) * np.uint64(42949672960001)) >> np.uint64(
        32
    )
    return values.astype(np.int64), good
