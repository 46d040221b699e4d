"""Rows of words get whole numbers as they come, whatever their hashes and in whatever parts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import strategies as st

from bursar.adapters.usage_files import word_table
from bursar.adapters.usage_files.word_table import WordTable
from tests.unit.for_all import for_all

ROWS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30)


def as_words(rows):
    return {n: np.array([row[n] for row in rows], np.uint64) for n in range(2)}


@for_all(chunks=st.lists(ROWS, max_size=8), same_hash=st.booleans())
def test_a_row_has_one_number_and_no_other_row_has_it(chunks, same_hash):
    with pytest.MonkeyPatch.context() as patch:
        if same_hash:
            patch.setattr(word_table, "_FACTORS", np.zeros(200, np.uint64))
        table, known = WordTable(), {}
        for chunk in chunks:
            before = len(table)
            numbers, heads = table.of(as_words(chunk))
            for row, number in zip(chunk, numbers.tolist(), strict=True):
                assert known.setdefault(row, number) == number
            assert sorted(known.values()) == list(range(len(table)))
            # each new number is told with a row that has it
            assert numbers[heads].tolist() == list(range(before, len(table)))
        told = [table.words(n).tolist() for n in range(2)]
        assert list(zip(*told, strict=True)) == sorted(known, key=known.__getitem__)


def test_a_table_grows_with_what_it_knows():
    table, rows = WordTable(), np.arange(100_000, dtype=np.uint64)
    first, _ = table.of({0: rows})
    again, new = table.of({0: rows[::-1].copy()})
    assert len(table) == 100_000
    assert again.tolist() == first[::-1].tolist()
    assert not len(new)


def test_a_place_that_no_row_had_before_is_zero_in_all_of_them():
    table = WordTable()
    ((short,), _) = table.of({0: np.array([5], np.uint64)})
    both = {0: np.array([5, 5], np.uint64), 7: np.array([0, 1], np.uint64)}
    numbers, _ = table.of(both)
    assert numbers.tolist() == [short, short + 1]
