"""Values inside a buffer of bytes, many at once: each is a start and a length."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bursar.adapters.usage_files.digits import digits_of
from bursar.adapters.usage_files.words import LOWEST, WORD, Bytes, Integers, Mask, Words, mixed

# so that words may be taken a little before and behind any value
BEFORE, AFTER = b"\x7f" * 2 * WORD, b"\x7f" * 9 * WORD

_FEW_WORDS, _ITEMS_AT_ONCE = 3, 4096
_ONE, _THREE = np.uint64(1), np.uint8(3)
_MULTIPLIERS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
_SHIFTS = (np.uint64(29), np.uint64(31))
_POWERS = 10 ** np.arange(WORD + 1, dtype=np.int64)
# what ends a text of so many bytes in a word: bytes that UTF-8 has none of
_ENDS = ~LOWEST
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
        lengths: Integers | Bytes,
        words: tuple[Words, ...] = (),
        numbers: tuple[Integers, Mask] | None = None,
    ) -> Texts:
        longest = int(lengths.max(initial=0))
        shortest = int(lengths.min(initial=longest))
        lengths = lengths.astype(np.int64, copy=False)
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
    """Bytes between BEFORE and AFTER."""

    def __init__(self, padded: bytes | bytearray) -> None:
        self.padded = padded
        self.bytes = np.frombuffer(padded, np.uint8)

    @classmethod
    def of(cls, *content: bytes) -> Buffer:
        return cls(b"".join((BEFORE, *content, AFTER)))

    def __len__(self) -> int:
        return len(self.padded) - len(BEFORE) - len(AFTER)

    @cached_property
    def has_quotes(self) -> bool:
        return b'"' in self.padded

    @property
    def content(self) -> bytes:
        return bytes(self.padded[len(BEFORE) : -len(AFTER)])

    def places(self, marked: Mask) -> Integers:
        """Where a mask of its bytes is set, sooner found where that is in a few words, each of
        which has one such byte. What is behind the content is not looked at."""
        words = marked[: len(marked) // WORD * WORD].view(np.uint64)
        found = np.flatnonzero(words != 0)
        marks = words[found]
        below = marks - _ONE
        if np.bitwise_or.reduce(marks & below):
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
        found: Mask = (self.at(places) & LOWEST[len(expected)]) == word
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
            yield words if only and left == WORD else words & LOWEST[left]

    def ended_words_of(self, texts: Texts) -> Iterator[Words]:
        """First words, second words, ... of all, which no two texts have alike: a byte that is
        in none fills the word in which a text ends from there on. Those behind that are zero, and
        so are all of an empty text."""
        if 0 < texts.shortest <= texts.longest < WORD:
            (words,) = self.first_words(texts, 1)
            yield words | _ENDS[texts.only_length or texts.lengths]
            return
        several = list(self.words_of(texts))
        if texts.longest and not texts.longest % WORD:
            several.append(np.zeros(len(texts.lengths), np.uint64))
        for n, words in enumerate(several):
            left = texts.lengths - n * WORD
            ends_here = (left >= 0) & (left < WORD) & (texts.lengths > 0)
            yield np.where(ends_here, words | _ENDS[np.clip(left, 0, WORD)], words)

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
