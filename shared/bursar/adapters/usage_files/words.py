"""Words of eight bytes, many at once.

A word is little-endian: its first byte is the lowest. All arithmetic on words wraps at 2^64, as it
is meant to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Words: TypeAlias = NDArray[np.uint64]
Integers: TypeAlias = NDArray[np.int64]
Bytes: TypeAlias = NDArray[np.uint8]
Mask: TypeAlias = NDArray[np.bool_]

WORD = 8
LOWEST = np.array([(1 << (8 * n)) - 1 for n in range(9)], np.uint64)  # the lowest n bytes
HIGHEST_BITS = np.uint64(0x8080808080808080)
_LOWEST_BITS = np.uint64(0x0101010101010101)
_ONE, _THREE, _WORD_BYTES = np.uint64(1), np.uint8(3), np.uint8(WORD)
_FINAL = np.uint64(0xBF58476D1CE4E5B9)


def first_of(words: Sequence[Words], byte: int) -> Bytes:
    """Where in these words of each text the byte stands first, or the number of their bytes: of
    31 words at most."""
    everywhere = np.uint64(byte * 0x0101010101010101)
    found = _lowest(_zero_bytes(words[-1] ^ everywhere))
    for word in words[-2::-1]:
        marks = _zero_bytes(word ^ everywhere)
        if not np.bitwise_or.reduce(marks):
            found += _WORD_BYTES
        else:
            place = _lowest(marks)
            found = np.where(place == _WORD_BYTES, found + _WORD_BYTES, place)
    return found


def marked(words: Words, byte: int) -> Words:
    """The highest bit of the first such byte of each word, and of no byte before it."""
    return _zero_bytes(words ^ np.uint64(byte * 0x0101010101010101))


def first_bytes(count: int) -> np.uint64:
    """Every bit of so many bytes of a word, of eight at most."""
    return np.uint64(LOWEST[min(count, WORD)])


def _zero_bytes(words: Words) -> Words:
    """The highest bit of the first byte of each word that is zero, and of no byte before it."""
    marks = words - _LOWEST_BITS
    np.invert(words, out=words)
    marks &= words
    marks &= HIGHEST_BITS
    return marks


def _lowest(marks: Words) -> Bytes:
    """Which byte of each word is the first that is marked, or 8."""
    below = marks - _ONE
    np.invert(marks, out=marks)
    below &= marks
    place: Bytes = np.bitwise_count(below)
    place >>= _THREE
    return place


def mixed(words: Words) -> Words:
    """Every bit of a word spread over all of it."""
    words = words ^ (words >> np.uint64(30))
    words *= _FINAL
    words ^= words >> np.uint64(27)
    return words
