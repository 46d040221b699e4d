"""Groups numbered in the order in which they come, by keys of whole numbers: no object each."""

from __future__ import annotations

import numpy as np

from bursar.adapters.usage_files.words import Integers, Mask

_SEGMENT_BITS, _BUCKET_BITS = 16, 22  # of 63: hours until 2448, and 33 million names
_MOST_SEGMENTS = 1 << _SEGMENT_BITS


class TooManyPricesError(ValueError):
    """The price of one model changes more often than groups can tell apart."""


def keys_of(names: Integers, segments: Integers, buckets: Integers) -> Integers:
    """Keys of names, the segment between changes of their price, and the day or hour.

    Raises:
        TooManyPricesError: there are more than 65,536 segments.
    """
    if int(segments.max(initial=0)) >= _MOST_SEGMENTS:
        raise TooManyPricesError(f"a price changes more than {_MOST_SEGMENTS} times")
    found: Integers = (names << _SEGMENT_BITS | segments) << _BUCKET_BITS | buckets
    return found


def names_and_segments(keys: Integers) -> Integers:
    """What two groups that differ in their day or hour alone have in common."""
    return keys >> _BUCKET_BITS


def parts_of(keys: Integers) -> tuple[Integers, Integers]:
    """The names and the buckets."""
    return keys >> (_SEGMENT_BITS + _BUCKET_BITS), keys & ((1 << _BUCKET_BITS) - 1)


class GroupNumbers:
    """From 0 on, kept by rising keys."""

    def __init__(self) -> None:
        self._keys: Integers = np.empty(0, np.int64)
        self._numbers: Integers = np.empty(0, np.int64)

    def __len__(self) -> int:
        return len(self._keys)

    def of(self, keys: Integers) -> tuple[Integers, Mask]:
        """The numbers of these keys, all different and rising, and which of them are new."""
        places = np.searchsorted(self._keys, keys)
        new = np.ones(len(keys), np.bool_)
        inside = places < len(self._keys)
        new[inside] = self._keys[places[inside]] != keys[inside]
        numbers = np.empty(len(keys), np.int64)
        numbers[~new] = self._numbers[places[~new]]
        if new.any():
            numbers[new] = np.arange(len(self), len(self) + np.count_nonzero(new))
            self._keys = np.insert(self._keys, places[new], keys[new])
            self._numbers = np.insert(self._numbers, places[new], numbers[new])
        return numbers, new

    def keys(self) -> Integers:
        """By their numbers."""
        found = np.empty_like(self._keys)
        found[self._numbers] = self._keys
        return found
