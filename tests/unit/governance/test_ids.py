"""Ids sort by time and read back as the specification says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bursar.domain.governance.ids import ulid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def test_the_specification_s_largest_and_smallest_ids() -> None:
    assert ulid(EPOCH, bytes(10)) == "0" * 26
    assert ulid(EPOCH + timedelta(milliseconds=1), bytes(10)) == "0000000001" + "0" * 16
    assert ulid(EPOCH, b"\xff" * 10) == "0" * 10 + "Z" * 16


def test_the_time_of_the_specification_s_example() -> None:
    """01ARZ3NDEK is 1469922850259 ms: 2016-07-30 23:54:10.259 UTC, by github.com/ulid/spec."""
    at = EPOCH + timedelta(milliseconds=1469922850259)
    assert ulid(at, bytes(10)).startswith("01ARZ3NDEK")


@given(some.integers(0, 2**47), some.integers(0, 2**47), some.binary(min_size=10, max_size=10))
def test_ids_sort_as_their_times(one: int, other: int, random: bytes) -> None:
    one, other = one % 10**14, other % 10**14
    early, late = sorted((one, other))
    first, second = (ulid(EPOCH + timedelta(milliseconds=each), random) for each in (early, late))
    assert (first < second) is (early < late)


def test_ten_bytes_and_a_time_since_1970_are_needed() -> None:
    with pytest.raises(ValueError, match="10 random bytes"):
        ulid(EPOCH, bytes(9))
    with pytest.raises(ValueError, match="before 1970"):
        ulid(EPOCH - timedelta(seconds=1), bytes(10))
