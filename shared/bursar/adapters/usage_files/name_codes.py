"""Which names records have, as small whole numbers, and the texts of those."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np

from bursar.adapters.usage_files.record_columns import Records
from bursar.adapters.usage_files.word_table import WordTable
from bursar.adapters.usage_files.words import LOWEST, WORD, Integers, Mask, Words, first_of
from bursar.domain.usage.grouped_usage import Labels
from bursar.domain.usage.records import LONGEST_NAME_BYTES

_MOST_WORDS = LONGEST_NAME_BYTES // WORD + 1
_END = 0xFF


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
        """The words of all names by their place, and behind them whether it was a batch."""
        found: dict[int, Words] = {}
        for n, name in enumerate(self._columns):
            if (texts := records.texts.get(name)) is not None:
                words = records.buffer.ended_words_of(texts)
                found |= dict(enumerate(words, n * _MOST_WORDS))
        if records.batch is not None:
            found[self._batch] = records.batch.astype(np.uint64)
        return found or {0: np.zeros(len(records), np.uint64)}  # of records without any name

    @property
    def _batch(self) -> int:
        return len(self._columns) * _MOST_WORDS

    def are_batch(self, codes: Integers) -> Mask:
        found: Mask = self._table.words(self._batch)[codes] != 0
        return found

    def labels(self, column: str, codes: Integers | slice = slice(None)) -> Labels:
        """The name that each of these codes has in the column."""
        words, lengths = self._texts(self._columns.index(column), codes)
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

    def _texts(self, n: int, codes: Integers | slice) -> tuple[list[Words], Integers]:
        """Words with zeros behind the end of each text, and their lengths."""
        places = self._table.told_from(n * _MOST_WORDS, _MOST_WORDS)
        words = [self._table.words(place)[codes] for place in places]
        if not words or not len(words[0]):
            return [], np.zeros(len(self._table.words(0)[codes]), np.int64)
        lengths = first_of(words, _END).astype(np.int64)
        lengths[np.bitwise_or.reduce(words) == 0] = 0  # nothing, not even an end
        left = (np.clip(lengths - place * WORD, 0, WORD) for place in range(len(words)))
        return [word & LOWEST[size] for word, size in zip(words, left, strict=True)], lengths


class _Texts(Sequence[str]):
    """Texts that are words: each is made when it is asked for, as there may be a million."""

    def __init__(self, words: Sequence[Words], lengths: Integers) -> None:
        self._content = np.stack(words, axis=1).data.cast("B") if words else memoryview(b"")
        self._size = WORD * len(words)
        self._lengths = lengths.astype(np.uint8).tobytes()

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
