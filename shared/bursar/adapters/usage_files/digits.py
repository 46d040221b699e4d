"""Numbers written in words of eight bytes, many at once."""

from __future__ import annotations

import numpy as np

from bursar.adapters.usage_files.words import (
    HIGHEST_BITS,
    LOWEST,
    WORD,
    Bytes,
    Integers,
    Mask,
    Words,
)

ZEROS = np.uint64(0x3030303030303030)  # the text 00000000
_ABOVE_NINE = np.uint64(0x7676767676767676)  # added to a byte above 9, sets its highest bit
_ONE, _THREE = np.uint64(1), np.uint8(3)


def leading_digits(words: Words, size: int) -> tuple[Integers, Mask, Bytes] | None:
    """The number that the first `size` bytes of each word begin with; whether there is one,
    without a leading zero; and how many digits it has. None where one of them has as many digits
    as bytes, as more may follow."""
    digits = words ^ ZEROS
    marks = digits + _ABOVE_NINE
    marks |= digits
    marks &= HIGHEST_BITS  # of what is no digit; above the first one others may be marked, too
    below = marks - _ONE
    np.invert(marks, out=marks)
    below &= marks
    bits: Bytes = np.bitwise_count(below)  # seven more than those of the digits
    if bits.max(initial=0) >= 8 * size:
        return None
    whole: Mask = ((digits.astype(np.uint8) != 0) | (bits < 16)) & (bits > 7)  # by the first
    digits <<= (np.uint8(64 + 7) - bits).astype(np.uint64)
    return _joined(digits), whole, bits >> _THREE


def digits_of(words: Words, lengths: Integers) -> tuple[Integers, Mask]:
    """The number that the first `lengths` bytes of each word write, and whether they do."""
    return number_of((words ^ ZEROS) << ((WORD - lengths) << 3).view(np.uint64))


def digits_at_start(words: Words, lengths: Integers) -> tuple[Integers, Mask]:
    """The first digits of each word, as if zeros followed to the eighth: `5` is 50000000."""
    return number_of((words ^ ZEROS) & LOWEST[lengths])


def number_of(digits: Words) -> tuple[Integers, Mask]:
    """The number of eight digits, each a byte from 0 to 9, and whether they are: first pairs of
    digits are summed, then pairs of pairs, then both fours."""
    above = digits + _ABOVE_NINE
    above |= digits
    above &= HIGHEST_BITS
    return _joined(digits), above == 0


def _joined(digits: Words) -> Integers:
    values = digits * np.uint64(2561)
    values >>= np.uint64(8)
    values &= np.uint64(0x00FF00FF00FF00FF)
    values *= np.uint64(6553601)
    values >>= np.uint64(16)
    values &= np.uint64(0x0000FFFF0000FFFF)
    values *= np.uint64(42949672960001)
    values >>= np.uint64(32)
    return values.view(np.int64)
