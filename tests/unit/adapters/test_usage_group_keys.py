"""What groups differ in is told by keys of one whole number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import strategies as st

from bursar.adapters.usage_files.group_keys import TooManyPricesError, keys_of, parts_of
from tests.unit.for_all import for_all


@for_all(
    names=st.integers(0, (1 << 25) - 1),
    segment=st.integers(0, (1 << 16) - 1),
    bucket=st.integers(0, (1 << 22) - 1),
)
def test_a_key_tells_its_parts(names, segment, bucket):
    (key,) = keys_of(*(np.array([each], np.int64) for each in (names, segment, bucket)))
    assert [int(part) for part in parts_of(key)] == [names, segment, bucket]
    assert key >= 0


def test_more_segments_than_a_key_holds_are_refused():
    with pytest.raises(TooManyPricesError):
        keys_of(np.zeros(1, np.int64), np.array([1 << 16]), np.zeros(1, np.int64))
