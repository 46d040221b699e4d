"""Times in ISO 8601, many at once: `2026-11-20T13:05:09[.1234567][Z|+00|+00:00]`."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from bursar.adapters.usage_files.buffer import Buffer, Texts
from bursar.adapters.usage_files.digits import ZEROS, digits_at_start, number_of
from bursar.adapters.usage_files.words import Integers, Mask, Words

_SECOND = 10**6
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
_SHORTEST = 19  # without fraction and zone


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text, "little"))


# what stands between the digits of 2026-11- and of 20T13:05
_DATE_MARKS, _DATE_OF = _word(b"\0\0\0\0\xff\0\0\xff"), _word(b"\0\0\0\0-\0\0-")
_TIME_MARKS, _TIME_OF = _word(b"\0\0\xff\0\0\xff\0\0"), _word(b"\0\0T\0\0:\0\0")
_SPACE_OF = _word(b"\0\0 \0\0:\0\0")
_BYTE = np.uint64(0xFF)
_LOW_BYTE, _EIGHT, _TEN = np.uint16(0xFF), np.uint16(8), np.uint16(10)
# added to digits, the tens of which come first, sets the highest bit of tens above 5, ones above 9
_ABOVE_59, _HIGHEST_OF_TWO = np.uint16(0x767A), np.uint16(0x8080)
_ZONES = {0: b"", 1: b"Z", 3: b"+00"}  # by length


def microseconds(buffer: Buffer, texts: Texts) -> tuple[Integers, Mask]:
    """Since 1970, cut to the microsecond; and which texts are such times."""
    good = texts.lengths >= _SHORTEST
    if not good.all():
        starts = np.where(good, texts.starts, 0)
        texts = Texts.of(starts, 0, np.where(good, texts.lengths, _SHORTEST))
    dates, times, rest = buffer.first_words(texts, 3)
    minutes, also_minutes = _minutes(dates, times)
    seconds, also_seconds = _seconds(rest)
    fraction, also_fraction = _fraction(buffer, texts, rest)
    good &= also_minutes & also_seconds & also_fraction
    minutes *= 60 * _SECOND
    minutes += seconds * np.int64(_SECOND)
    minutes += fraction
    return minutes, good


def _seconds(rest: Words) -> tuple[NDArray[np.uint16], Mask]:
    """The second that each `:09` starts with, and whether it does: two bytes, which cost the
    least by themselves."""
    digits = ((rest >> np.uint64(8)) ^ ZEROS).astype(np.uint16)
    above = ((digits + _ABOVE_59) | digits) & _HIGHEST_OF_TWO
    good: Mask = (above == 0) & (rest.astype(np.uint8) == ord(":"))
    return (digits & _LOW_BYTE) * _TEN + (digits >> _EIGHT), good


def _minutes(dates: Words, times: Words) -> tuple[Integers, Mask]:
    """Minutes since 1970 of each `2026-11-20T13:05`; those of neighbours are mostly the same."""
    new = np.ones(len(dates) + 1, np.bool_)
    new[1:-1] = (dates[1:] != dates[:-1]) | (times[1:] != times[:-1])
    heads = np.flatnonzero(new)
    minutes, good = _each_minute(dates[heads[:-1]], times[heads[:-1]])
    several = np.diff(heads)
    return np.repeat(minutes, several), np.repeat(good, several)


def _each_minute(dates: Words, times: Words) -> tuple[Integers, Mask]:
    marks = times & _TIME_MARKS
    good = ((dates & _DATE_MARKS) == _DATE_OF) & ((marks == _TIME_OF) | (marks == _SPACE_OF))
    year_month, good_date = number_of((dates ^ ZEROS) & ~_DATE_MARKS)  # 20260110, November
    day_time, good_time = number_of((times ^ ZEROS) & ~_TIME_MARKS)  # 20 013 005
    day, hour, minute = day_time // 10**6, day_time // 1000 % 1000, day_time % 1000
    days, good_day = _days(year_month * 10 + day)
    good &= good_date & good_time & good_day & (hour < 24) & (minute < 60)
    return (days * 24 + hour) * 60 + minute, good


def _days(dates: Integers) -> tuple[Integers, Mask]:
    """Days since 1970 of YYYY0MMDD; a file has few different ones."""
    if len(dates) and (dates == dates[0]).all():
        day = _day(int(dates[0]))
        return np.full(len(dates), day), np.full(len(dates), day >= 0)
    distinct, of = np.unique(dates, return_inverse=True)
    days = np.array([_day(int(each)) for each in distinct], np.int64)
    return days[of], (days >= 0)[of]


def _day(told: int) -> int:
    year, month, day = told // 10**5, told // 100 % 1000, told % 100
    try:
        return date(year, month, day).toordinal() - _EPOCH
    except ValueError:
        return -1


def _fraction(buffer: Buffer, texts: Texts, rest: Words) -> tuple[Integers, Mask]:
    """Microseconds behind the second, and whether what follows it is a fraction and UTC."""
    none = np.zeros(len(rest), np.int64)
    zone_length = (texts.only_length or 0) - _SHORTEST
    if zone_length in _ZONES:
        zone = (rest >> np.uint64(24)) & np.uint64((1 << (8 * zone_length)) - 1)
        plain = zone == _word(_ZONES[zone_length])
        if plain.all():
            return none, plain
    starts, lengths = texts.starts, texts.lengths
    last = buffer.at(starts + lengths - 8)
    zones = _zone_length(last)
    digits = lengths - _SHORTEST - zones - 1  # without the point
    plain = digits == -1
    pointed = (digits > 0) & (digits <= 8)
    if plain.all():
        return none, plain
    words = buffer.at(starts + _SHORTEST)
    pointed &= (words & _BYTE) == ord(".")
    counted = np.where(pointed, digits, 0)
    parts, good = digits_at_start(buffer.at(starts + _SHORTEST + 1), counted)
    return np.where(pointed, parts // 100, 0), plain | (pointed & good)


def _zone_length(last: Words) -> Integers:
    zone = np.where(last >> np.uint64(16) == _word(b"+00:00"), 6, 0)
    zone = np.where(last >> np.uint64(40) == _word(b"+00"), 3, zone)
    return np.where(last >> np.uint64(56) == _word(b"Z"), 1, zone)
