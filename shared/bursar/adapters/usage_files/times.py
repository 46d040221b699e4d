"""Times in ISO 8601, many at once: `2026-11-20T13:05:09[.1234567][Z|+00|+00:00]`."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np

from bursar.adapters.usage_files.words import (
    Buffer,
    Integers,
    Mask,
    Texts,
    Words,
    digits_at_start,
    number_of,
)

_SECOND = 10**6
_DAY = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
_SHORTEST = 19  # without fraction and zone


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text, "little"))


# 2026-11- and 20T13:05, with what is no digit set to 0
_DATE_MARKS, _DATE_OF = _word(b"\0\0\0\0\xff\0\0\xff"), _word(b"\0\0\0\0-\0\0-")
_TIME_MARKS, _TIME_OF = _word(b"\0\0\xff\0\0\xff\0\0"), _word(b"\0\0T\0\0:\0\0")
_SPACE_OF = _word(b"\0\0 \0\0:\0\0")
_TIME_ZEROS = _word(b"\0\0\x30\0\0\x30\0\0")
_DATE_ZEROS = _word(b"\0\0\0\0\x30\0\0\x30")
_BYTE = np.uint64(0xFF)


def microseconds(buffer: Buffer, texts: Texts) -> tuple[Integers, Mask]:
    """Since 1970, cut to the microsecond; and which texts are such times."""
    good = texts.lengths >= _SHORTEST
    starts = np.where(good, texts.starts, 0)
    seconds, also = _whole_seconds(buffer, starts)
    fraction, also_fraction = _fraction(buffer, starts, np.where(good, texts.lengths, _SHORTEST))
    return seconds * _SECOND + fraction, good & also & also_fraction & (seconds >= 0)


def _whole_seconds(buffer: Buffer, starts: Integers) -> tuple[Integers, Mask]:
    dates, times, rest = buffer.at(starts), buffer.at(starts + 8), buffer.at(starts + 16)
    marks = times & _TIME_MARKS
    good = ((dates & _DATE_MARKS) == _DATE_OF) & ((marks == _TIME_OF) | (marks == _SPACE_OF))
    good &= (rest & _BYTE) == ord(":")
    year_month, good_date = number_of((dates & ~_DATE_MARKS) | _DATE_ZEROS)  # 20260110, November
    day_time, good_time = number_of((times & ~_TIME_MARKS) | _TIME_ZEROS)  # 20 013 005
    second, good_second = digits_at_start(rest >> np.uint64(8), np.full(len(starts), 2))
    day, hour, minute = day_time // 10**6, day_time // 1000 % 1000, day_time % 1000
    second //= 10**6
    days, good_day = _days(year_month * 10 + day)
    good &= good_date & good_time & good_second & good_day
    good &= (hour < 24) & (minute < 60) & (second < 60)
    return days * _DAY + hour * 3600 + minute * 60 + second, good


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


def _fraction(buffer: Buffer, starts: Integers, lengths: Integers) -> tuple[Integers, Mask]:
    """Microseconds behind the second, and whether what follows it is a fraction and UTC."""
    if int(lengths.min(initial=_SHORTEST)) == int(lengths.max(initial=_SHORTEST)) == _SHORTEST:
        return np.zeros(len(starts), np.int64), np.ones(len(starts), np.bool_)
    last = buffer.at(starts + lengths - 8)
    zone = _zone_length(last)
    digits = lengths - _SHORTEST - zone - 1  # without the point
    plain = digits == -1
    pointed = (digits > 0) & (digits <= 8)
    if plain.all():
        return np.zeros(len(starts), np.int64), plain
    words = buffer.at(starts + _SHORTEST)
    pointed &= (words & _BYTE) == ord(".")
    counted = np.where(pointed, digits, 0)
    parts, good = digits_at_start(buffer.at(starts + _SHORTEST + 1), counted)
    return np.where(pointed, parts // 100, 0), plain | (pointed & good)


def _zone_length(last: Words) -> Integers:
    zone = np.where(last >> np.uint64(16) == _word(b"+00:00"), 6, 0)
    zone = np.where(last >> np.uint64(40) == _word(b"+00"), 3, zone)
    return np.where(last >> np.uint64(56) == _word(b"Z"), 1, zone)
