"""Rows of words numbered from 0 on as they come, many at once and without an object each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bursar.adapters.usage_files.words import Integers, Mask, Words, mixed

_FEWEST_BITS = 16  # of the number of a slot: of a few hundred rows hardly two have one slot
_FREE = -1
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_FACTORS = mixed(np.arange(1, 200, dtype=np.uint64) * _MULTIPLIER) | np.uint64(1)


class WordTable:
    """An open hash table, at most half full, in which the slots that follow are looked at next.
    Words are told by their place in a row, and are 0 at places that are not told. A row has the
    number in a slot if every word is the same."""

    def __init__(self) -> None:
        self._bits = _FEWEST_BITS
        self._slots = np.full(1 << self._bits, _FREE, np.int32)
        self._known: dict[int, Words] = {}  # by their place, then by number
        self._room = 64
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def words(self, place: int) -> Words:
        """Those at this place, by the number of the row."""
        known = self._known.get(place)
        return np.zeros(self._count, np.uint64) if known is None else known[: self._count]

    def told_from(self, place: int, most: int) -> range:
        """The places from this one on, so many at most, that words were ever told for."""
        behind = next(
            (n for n in range(place, place + most) if n not in self._known), place + most
        )
        return range(place, behind)

    def of(self, rows: Mapping[int, Words]) -> tuple[Integers, Integers]:
        """The number of each row; and for each number that is new, in their order, a row that has
        it."""
        hashes = self._hashes_of(rows)
        numbers: Integers = self._slots[self._slots_of(hashes)].astype(np.int64)
        left = np.flatnonzero(~self._are(numbers, rows))
        if not len(left):
            return numbers, left
        return numbers, self._find(rows, hashes, numbers, left)

    def _find(
        self, rows: Mapping[int, Words], hashes: Words, numbers: Integers, left: Integers
    ) -> Integers:
        """Set the numbers of the rows that are left; tell the rows that were learnt."""
        learnt = [np.empty(0, np.int64)]
        slots = self._slots_of(hashes[left])
        while len(left):
            found: Integers = self._slots[slots].astype(np.int64)
            new = found == _FREE
            right = self._are(found, {place: word[left] for place, word in rows.items()})
            numbers[left[right]] = found[right]
            slots[~(new | right)] += 1
            slots &= len(self._slots) - 1
            if new.any():
                # of the rows with one slot the first gets it: the others look at it again
                free, heads = np.unique(slots[new], return_index=True)
                learnt.append(left[new][heads])
                self._learn(learnt[-1], free, rows)
            left, slots = left[~right], slots[~right]
            if 2 * self._count > len(self._slots):
                self._grow()
                slots = self._slots_of(hashes[left])
        return np.concatenate(learnt)

    def _learn(self, heads: Integers, free: Integers, rows: Mapping[int, Words]) -> None:
        new = np.arange(self._count, self._count + len(heads))
        self._count += len(heads)
        self._make_room()
        for place, word in rows.items():
            self._known_words(place)[new] = word[heads]
        self._slots[free] = new

    def _are(self, numbers: Integers, rows: Mapping[int, Words]) -> Mask:
        right: Mask = numbers != _FREE
        for place, word in rows.items():
            right &= self._known_words(place)[numbers] == word
        return right

    def _hashes_of(self, rows: Mapping[int, Words]) -> Words:
        ((place, word), *others) = rows.items()
        hashes: Words = word * _FACTORS[place]
        for place, word in others:
            hashes += word * _FACTORS[place]
        hashes ^= hashes >> np.uint64(32)
        hashes *= _MULTIPLIER
        return hashes

    def _slots_of(self, hashes: Words) -> Integers:
        return (hashes >> np.uint64(64 - self._bits)).view(np.int64)

    def _known_words(self, place: int) -> Words:
        known = self._known.get(place)
        if known is None:
            known = self._known[place] = np.zeros(self._room, np.uint64)
        return known

    def _make_room(self) -> None:
        if self._count <= self._room:
            return
        more = np.zeros(max(self._count, self._room // 2), np.uint64)
        self._room += len(more)
        for place, known in self._known.items():
            self._known[place] = np.concatenate((known, more))

    def _grow(self) -> None:
        self._bits += 2
        self._slots = np.full(1 << self._bits, _FREE, np.int32)
        left = np.arange(self._count)
        hashes = self._hashes_of({place: self.words(place) for place in self._known})
        slots = self._slots_of(hashes)
        while len(left):
            free = self._slots[slots] == _FREE
            self._slots[slots[free]] = left[free]  # of those with one slot the last gets it
            other = self._slots[slots] != left
            left, slots = left[other], (slots[other] + 1) & (len(self._slots) - 1)
