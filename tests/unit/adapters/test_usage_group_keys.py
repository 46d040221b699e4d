"""Groups get numbers in the order in which they come, whatever keys they have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import strategies as st

from bursar.adapters.usage_files.group_keys import (
    GroupNumbers,
    TooManyPricesError,
    keys_of,
    names_and_segments,
    parts_of,
)
from tests.unit.for_all import for_all


@for_all(chunks=st.lists(st.sets(st.integers(0, 40), min_size=1), max_size=12))
def test_a_key_has_one_number_and_a_new_one_the_next(chunks):
    numbers, known = GroupNumbers(), {}
    for chunk in chunks:
        keys = sorted(chunk)
        new = [key for key in keys if key not in known]
        known |= {key: len(known) + n for n, key in enumerate(new)}
        found, are_new = numbers.of(np.array(keys, np.int64))
        assert found.tolist() == [known[key] for key in keys]
        assert [key for key, is_new in zip(keys, are_new, strict=True) if is_new] == new
    assert numbers.keys().tolist() == list(known)


@for_all(
    names=st.integers(0, (1 << 25) - 1),
    segment=st.integers(0, (1 << 16) - 1),
    bucket=st.integers(0, (1 << 22) - 1),
)
def test_a_key_tells_its_parts(names, segment, bucket):
    (key,) = keys_of(*(np.array([each], np.int64) for each in (names, segment, bucket)))
    assert [int(part) for part in parts_of(key)] == [names, bucket]
    (same,) = keys_of(*(np.array([each], np.int64) for each in (names, segment, 0)))
    assert key >= 0
    assert names_and_segments(key) == names_and_segments(same)


def test_more_segments_than_a_key_holds_are_refused():
    with pytest.raises(TooManyPricesError):
        keys_of(np.zeros(1, np.int64), np.array([1 << 16]), np.zeros(1, np.int64))
