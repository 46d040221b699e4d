"""Which names records have, as small whole numbers, and the texts of those."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from bursar.adapters.usage_files.record_columns import Records
from bursar.adapters.usage_files.word_table import WordTable
from bursar.adapters.usage_files.words import WORD, Integers, Mask, Words
from bursar.domain.usage.grouped_usage import Labels
from bursar.domain.usage.records import LONGEST_NAME_BYTES

_MOST_WORDS = -(-LONGEST_NAME_BYTES // WORD)
_BYTE = np.uint64(0xFF)


class NameCodes:
    """Codes of the names of records in these columns, and of whether they were in a batch. The
    names are kept as words: a text is made of one when it is asked for."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = list(columns)
        self._table = WordTable()

    def __len__(self) -> int:
        return len(self._table)

    def of(self, records: Records) -> tuple[Integers, Integers]:
        """See `WordTable.of`."""
        return self._table.of(self._words(records))

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

    def are_batch(self, codes: Integers) -> Mask:
        found: Mask = self._table.words(0)[codes] & _BYTE != 0
        return found

    def labels(self, column: str, codes: Integers | slice = slice(None)) -> Labels:
        """The name that each of these codes has in the column."""
        n = self._columns.index(column)
        lengths = (self._table.words(0)[codes] >> np.uint64(WORD * (n + 1))).astype(np.uint8)
        count = -(-int(lengths.max(initial=0)) // WORD)
        first = n * _MOST_WORDS + 1
        words: list[NDArray[Any]] = [
            self._table.words(place)[codes] for place in range(first, first + count)
        ]
        # in the order of their bytes; of names that are alike so far, the shorter comes first
        order = np.lexsort([lengths, *(word.byteswap() for word in reversed(words))])
        new = np.zeros(len(lengths), np.bool_)
        new[:1] = True
        for each in (lengths, *words):
            told = each[order]
            new[1:] |= told[1:] != told[:-1]
        found = np.empty(len(lengths), np.int64)
        found[order] = np.cumsum(new) - 1
        heads = order[new]
        return Labels(_Texts([word[heads] for word in words], lengths[heads]), found)


class _Texts(Sequence[str]):
    """Texts that are words: each is made when it is asked for, as there may be a million."""

    def __init__(self, words: Sequence[Words], lengths: NDArray[np.uint8]) -> None:
        self._content = np.stack(words, axis=1).data.cast("B") if words else memoryview(b"")
        self._size = WORD * len(words)
        self._lengths = lengths.tobytes()

    def __len__(self) -> int:
        return len(self._lengths)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> list[str]: ...

    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self[n] for n in range(len(self))[place]]
        start = place * self._size
        return str(self._content[start : start + self._lengths[place]], "utf-8")
