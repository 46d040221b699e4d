"""Which names records have, as small whole numbers, without sorting them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bursar.adapters.usage_files.record_columns import Records
from bursar.adapters.usage_files.words import WORD, Integers, Mask, Words, mixed
from bursar.domain.usage.records import LONGEST_NAME_BYTES

_FEWEST_BITS, _MOST_BITS = 12, 18  # of the number of a slot
_MOST_WORDS = -(-LONGEST_NAME_BYTES // WORD)
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_FACTORS = mixed(np.arange(1, 200, dtype=np.uint64) * _MULTIPLIER) | np.uint64(1)


class NameCodes:
    """Codes of the names that were seen, in a table by their hash, with one in each slot. What
    the table tells is compared word by word with the record. Names that it has not are read,
    once in each chunk; it grows, to a limit, so that none is pushed out by another."""

    def __init__(self, columns: Sequence[str], read: Callable[[Records, int], int]) -> None:
        """`read` tells the code of the names of a record, given its row: the same for the same
        names, and the next whole number for new ones."""
        self._columns = columns
        self._read = read
        self._bits = _FEWEST_BITS
        self._slots: Integers = np.zeros(1 << self._bits, np.int64)
        self._hashes: Words = np.zeros(64, np.uint64)  # by code, as are the known words
        self._known: dict[int, Words] = {}
        self._count = 0

    def of(self, records: Records) -> Integers:
        words = self._words(records)
        hashes = np.zeros(len(records), np.uint64)
        for place, word in words.items():
            hashes += word * _FACTORS[place]
        hashes ^= hashes >> np.uint64(32)
        hashes *= _MULTIPLIER
        codes: Integers = self._slots[self._slots_of(hashes)]
        right = np.ones(len(records), np.bool_)
        for place, word in words.items():
            right &= self._known_words(place)[codes] == word
        left = np.flatnonzero(~right)
        while len(left):
            left = self._learn(records, words, hashes, codes, left)
        return codes

    def _learn(
        self,
        records: Records,
        words: dict[int, Words],
        hashes: Words,
        codes: Integers,
        left: Integers,
    ) -> Integers:
        """Set the codes of these rows; those of other names with the same hash are left."""
        _, first, of = np.unique(hashes[left], return_index=True, return_inverse=True)
        heads = left[first]
        found = np.array([self._read(records, row) for row in heads.tolist()], np.int64)
        self._make_room(int(found.max()))
        for place, word in words.items():
            self._known_words(place)[found] = word[heads]
        self._hashes[found] = hashes[heads]
        self._fill(found)
        same: Mask = np.ones(len(left), np.bool_)
        for word in words.values():
            same &= word[left] == word[heads][of]
        codes[left[same]] = found[of[same]]
        return left[~same]

    def _words(self, records: Records) -> dict[int, Words]:
        """By its place among all: the lengths of all names in one word, then their words."""
        shape = np.zeros(len(records), np.uint64)
        if records.batch is not None:
            shape += records.batch
        found = {0: shape}
        for n, name in enumerate(self._columns):
            if (texts := records.texts.get(name)) is None:
                continue
            shape += texts.lengths.view(np.uint64) << np.uint64(WORD * (n + 1))
            for place, word in enumerate(records.buffer.words_of(texts), n * _MOST_WORDS + 1):
                found[place] = word
        return found

    def _slots_of(self, hashes: Words) -> Integers:
        return (hashes >> np.uint64(64 - self._bits)).view(np.int64)

    def _fill(self, learnt: Integers) -> None:
        """Give slots to what was learnt, if need be in a larger table."""
        self._count = max(self._count, int(learnt.max()) + 1)
        self._slots[self._slots_of(self._hashes[learnt])] = learnt
        known = np.arange(self._count)
        while self._bits < _MOST_BITS and self._is_crowded():
            self._bits += 2
            self._slots = np.zeros(1 << self._bits, np.int64)
            self._slots[self._slots_of(self._hashes[known])] = known

    def _is_crowded(self) -> bool:
        slots = np.zeros(1 << self._bits, np.bool_)
        slots[self._slots_of(self._hashes[: self._count])] = True
        return int(np.count_nonzero(slots)) < self._count

    def _known_words(self, place: int) -> Words:
        known = self._known.get(place)
        if known is None:
            known = self._known[place] = np.zeros_like(self._hashes)
        return known

    def _make_room(self, code: int) -> None:
        if code < len(self._hashes):
            return
        more = np.zeros(code, np.uint64)
        self._hashes = np.concatenate((self._hashes, more))
        for place, known in self._known.items():
            self._known[place] = np.concatenate((known, more))
