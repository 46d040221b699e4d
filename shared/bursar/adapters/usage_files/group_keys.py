"""What groups differ in, as keys of one whole number."""

from __future__ import annotations

from bursar.adapters.usage_files.words import Integers

_SEGMENT_BITS, _BUCKET_BITS = 16, 22  # of 63: hours until 2448, and 33 million names
_MOST_SEGMENTS = 1 << _SEGMENT_BITS


class TooManyPricesError(ValueError):
    """The price of one model changes more often than groups can tell apart."""


def segment_keys_of(prices: Integers, segments: Integers) -> Integers:
    """Keys of prices, or of names that have one, and the segment between changes of it.

    Raises:
        TooManyPricesError: there are more than 65,536 segments.
    """
    if int(segments.max(initial=0)) >= _MOST_SEGMENTS:
        raise TooManyPricesError(f"a price changes more than {_MOST_SEGMENTS} times")
    found: Integers = prices << _SEGMENT_BITS | segments
    return found


def keys_of(names: Integers, segments: Integers, buckets: Integers) -> Integers:
    """With the day or hour, too."""
    found: Integers = segment_keys_of(names, segments) << _BUCKET_BITS | buckets
    return found


def parts_of(keys: Integers) -> tuple[Integers, Integers, Integers]:
    """The names, the segments and the buckets."""
    segments = keys >> _BUCKET_BITS & (_MOST_SEGMENTS - 1)
    return keys >> (_SEGMENT_BITS + _BUCKET_BITS), segments, keys & ((1 << _BUCKET_BITS) - 1)
