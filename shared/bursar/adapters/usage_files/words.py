"""Values inside a buffer of bytes, many at once, as words of eight bytes.

A value is a start and a length. Its words are little-endian, so its first byte is the lowest.
All arithmetic on words wraps at 2^64, as it is meant to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Words: TypeAlias = NDArray[np.uint64]
Integers: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

WORD = 8
# so that words may be taken a little before and behind any value
BEFORE, AFTER = b"\x7f" * 2 * WORD, b"\x7f" * 9 * WORD

_FEW_WORDS, _ITEMS_AT_ONCE = 3, 4096
_LOW = np.array([(1 << (8 * n)) - 1 for n in range(9)], np.uint64)  # the lowest n bytes
ZEROS = np.uint64(0x3030303030303030)  # the text 00000000
_ABOVE_NINE = np.uint64(0x7676767676767676)  # added to a byte above 9, sets its highest bit
_HIGHEST_BITS = np.uint64(0x8080808080808080)
_LOWEST_BITS = np.uint64(0x0101010101010101)
_MULTIPLIERS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
_ONE, _THREE = np.uint64(1), np.uint8(3)
_SHIFTS = (np.uint64(29), np.uint64(31))
_FINAL = np.uint64(0xBF58476D1CE4E5B9)
_POWERS = 10 ** np.arange(WORD + 1, dtype=np.int64)
# the least number of so many digits without leading zeros; of none there is no number
_LEAST = np.array([10**WORD, 0, *(10**n for n in range(1, WORD))], np.int64)


class Texts(NamedTuple):
    """Values of one column: from which place in the buffer on each starts, all as many bytes
    behind it, and its length in bytes; and of the lengths the `longest` and the `shortest`.
    `words` are the first of each, where they were taken already; bytes of what follows may end
    them. `numbers` are those that they write, and which of them do, where that was read already:
    see `Buffer.whole_numbers`."""

    places: Integers
    behind: int
    lengths: Integers
    longest: int
    shortest: int
    words: tuple[Words, ...] = ()
    numbers: tuple[Integers, Mask] | None = None

    @classmethod
    def of(
        cls,
        places: Integers,
        behind: int,
        lengths: Integers,
        words: tuple[Words, ...] = (),
        numbers: tuple[Integers, Mask] | None = None,
    ) -> Texts:
        longest = int(lengths.max(initial=0))
        shortest = int(lengths.min(initial=longest))
        return cls(places, behind, lengths, longest, shortest, words, numbers)

    def where(self, kept: Mask) -> Texts:
        words = tuple(each[kept] for each in self.words)
        numbers = self.numbers and (self.numbers[0][kept], self.numbers[1][kept])
        return Texts.of(self.places[kept], self.behind, self.lengths[kept], words, numbers)

    @property
    def starts(self) -> Integers:
        return self.places + self.behind if self.behind else self.places

    @property
    def ends(self) -> Integers:
        return self.starts + self.lengths

    @property
    def only_length(self) -> int | None:
        """The length that all of them have, if they do."""
        return self.longest if self.longest == self.shortest else None


class Buffer:
    """Bytes with room around them."""

    def __init__(self, *content: bytes | memoryview) -> None:
        self.padded = b"".join((BEFORE, *content, AFTER))
        self.bytes = np.frombuffer(self.padded, np.uint8)

    def __len__(self) -> int:
        return len(self.padded) - len(BEFORE) - len(AFTER)

    @cached_property
    def has_quotes(self) -> bool:
        return b'"' in self.padded

    @property
    def content(self) -> bytes:
        return self.padded[len(BEFORE) : -len(AFTER)]

    def places(self, marked: Mask) -> Integers:
        """Where a mask of its bytes is set, sooner found where that is in a few words, each of
        which has one such byte. What is behind the content is not looked at."""
        words = marked[: len(marked) // WORD * WORD].view(np.uint64)
        found = np.flatnonzero(words != 0)
        marks = words[found]
        below = marks - _ONE
        if (marks & below).any():
            return np.flatnonzero(marked)
        found *= WORD
        found += np.bitwise_count(below) >> _THREE
        return found

    def windows(self, places: Integers, count: int) -> tuple[Words, ...]:
        """So many words from each place on, each lying apart from its neighbours; of places that
        are too far behind any others. Taken as one item of bytes, which has no alignment: numpy
        copies it whole, several times as fast as it takes its words one by one. Items of many
        words are parted while a cache holds them."""
        size = len(self.padded) - WORD * count + 1
        items: NDArray[np.void] = np.ndarray(
            (size,), np.dtype((np.void, WORD * count)), self.padded, 0, (1,)
        )
        try:
            if count <= _FEW_WORDS:
                parts = items[places].view("<u8").reshape(-1, count).T
                return tuple(map(np.ascontiguousarray, parts))
            words = np.empty((count, len(places)), "<u8")
            for n in range(0, len(places), _ITEMS_AT_ONCE):
                some = items[places[n : n + _ITEMS_AT_ONCE]]
                words[:, n : n + len(some)] = some.view("<u8").reshape(-1, count).T
            return tuple(words)
        except IndexError:
            return self.windows(np.minimum(places, size - 1), count)

    def at(self, places: Integers) -> Words:
        return self.windows(places, 1)[0]

    def text(self, start: int, length: int) -> str:
        return self.padded[start : start + length].decode()

    def is_at(self, expected: bytes, places: Integers) -> Mask:
        """Whether these very bytes, eight at most, stand at each place."""
        word = np.uint64(int.from_bytes(expected, "little"))
        found: Mask = (self.at(places) & _LOW[len(expected)]) == word
        return found

    def first_words(self, texts: Texts, count: int) -> tuple[Words, ...]:
        """So many of each; bytes of what follows may end them."""
        if count <= len(texts.words):
            return texts.words[:count]
        return self.windows(texts.starts, count)

    def words_of(self, texts: Texts) -> Iterator[Words]:
        """First words, second words, ... of all, with zeros behind the end of each."""
        only = texts.only_length
        for n in range(-(-texts.longest // WORD)):
            left: Integers | int
            if only is not None:
                left = min(only - n * WORD, WORD)
            elif n == 0 and texts.longest <= WORD:
                left = texts.lengths
            else:
                left = np.clip(texts.lengths - n * WORD, 0, WORD)
            if n < len(texts.words):
                words = texts.words[n]
            else:
                words = self.at(np.where(left, texts.starts + n * WORD, 0))
            yield words if only and left == WORD else words & _LOW[left]

    def hashes(self, texts: Texts, which: int) -> Words:
        """One of two independent 64-bit hashes of each text, whatever texts are beside it."""
        found = texts.lengths.astype(np.uint64)
        for n, word in enumerate(self.words_of(texts)):
            further = found ^ word
            further *= _MULTIPLIERS[which]
            further ^= further >> _SHIFTS[which]
            has_word = texts.shortest > n * WORD
            found = further if has_word else np.where(texts.lengths > n * WORD, further, found)
        return mixed(found)

    def whole_numbers(self, texts: Texts) -> tuple[Integers, Mask]:
        """Numbers of up to 16 digits without leading zeros, and which of the texts are ones."""
        if texts.numbers is not None:
            return texts.numbers
        lengths, longest = texts.lengths, texts.longest
        if longest <= WORD:
            (words,) = self.first_words(texts, 1)
            numbers, good = digits_of(words, lengths)
            good &= numbers >= _LEAST[lengths]
            return numbers, good
        words, behind = self.first_words(texts, 2)
        numbers, good = digits_of(words, np.minimum(lengths, WORD))
        more = np.clip(lengths - WORD, 0, WORD)
        low, also = digits_of(behind, more)
        good &= also
        good &= numbers >= _LEAST[np.minimum(lengths, WORD)]
        good &= lengths <= 2 * WORD
        return numbers * _POWERS[more] + low, good


def first_of(words: Sequence[Words], byte: int) -> Integers:
    """Where in these words of each text the byte stands first, or the number of their bytes."""
    everywhere = np.uint64(byte * 0x0101010101010101)
    found: Integers = _lowest(_zero_bytes(words[-1] ^ everywhere)).astype(np.int64)
    for word in words[-2::-1]:
        marks = _zero_bytes(word ^ everywhere)
        if not np.bitwise_or.reduce(marks):
            found += WORD
        else:
            place = _lowest(marks)
            found = np.where(place == WORD, found + WORD, place)
    return found


def marked(words: Words, byte: int) -> Words:
    """The highest bit of the first such byte of each word, and of no byte before it."""
    return _zero_bytes(words ^ np.uint64(byte * 0x0101010101010101))


def first_bytes(count: int) -> np.uint64:
    """Every bit of so many bytes of a word, of eight at most."""
    return np.uint64(_LOW[min(count, WORD)])


def _zero_bytes(words: Words) -> Words:
    """The highest bit of the first byte of each word that is zero, and of no byte before it."""
    marks = words - _LOWEST_BITS
    np.invert(words, out=words)
    marks &= words
    marks &= _HIGHEST_BITS
    return marks


def _lowest(marks: Words) -> NDArray[np.uint8]:
    """Which byte of each word is the first that is marked, or 8."""
    below = marks - _ONE
    np.invert(marks, out=marks)
    below &= marks
    place: NDArray[np.uint8] = np.bitwise_count(below)
    place >>= _THREE
    return place


def leading_digits(words: Words, size: int) -> tuple[Integers, Mask, Integers] | None:
    """The number that the first `size` bytes of each word begin with; whether there is one,
    without a leading zero; and how many digits it has. None where one of them has as many digits
    as bytes, as more may follow."""
    digits = words ^ ZEROS
    marks = digits + _ABOVE_NINE
    marks |= digits
    marks &= _HIGHEST_BITS  # of what is no digit; above the first one others may be marked, too
    below = marks - _ONE
    np.invert(marks, out=marks)
    below &= marks
    bits: NDArray[np.uint8] = np.bitwise_count(below)  # seven more than those of the digits
    if bits.max(initial=0) >= 8 * size:
        return None
    whole: Mask = ((digits.astype(np.uint8) != 0) | (bits < 16)) & (bits > 7)  # by the first
    digits <<= (np.uint8(64 + 7) - bits).astype(np.uint64)
    return _joined(digits), whole, (bits >> _THREE).astype(np.int64)


def digits_of(words: Words, lengths: Integers) -> tuple[Integers, Mask]:
    """The number that the first `lengths` bytes of each word write, and whether they do."""
    return number_of((words ^ ZEROS) << ((WORD - lengths) << 3).view(np.uint64))


def digits_at_start(words: Words, lengths: Integers) -> tuple[Integers, Mask]:
    """The first digits of each word, as if zeros followed to the eighth: `5` is 50000000."""
    return number_of((words ^ ZEROS) & _LOW[lengths])


def mixed(words: Words) -> Words:
    """Every bit of a word spread over all of it."""
    words = words ^ (words >> np.uint64(30))
    words *= _FINAL
    words ^= words >> np.uint64(27)
    return words


def number_of(digits: Words) -> tuple[Integers, Mask]:
    """The number of eight digits, each a byte from 0 to 9, and whether they are: first pairs of
    digits are summed, then pairs of pairs, then both fours."""
    above = digits + _ABOVE_NINE
    above |= digits
    above &= _HIGHEST_BITS
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
