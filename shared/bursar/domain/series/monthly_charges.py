"""Charges that come once a month, on its first day: fees, and no sign of use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from statistics import median

_NEIGHBOURS = 28  # days around a first of month that say what is usual
_ALIKE = 2  # a fee may double or halve and is still the same
_MOSTLY_ON_THE_FIRST = 10  # times what all other days together cost: a fee, with no month before


def monthly_charges(days: Sequence[date], amounts: Sequence[int]) -> list[int]:
    """What of each day's amount is a monthly charge, in the unit of the amounts.

    On the first of a month, what is above the median of the days before (or, at the start, after)
    is one when the first of an earlier month had about as much too (half to twice), or when all
    other days up to then cost next to nothing. Only days up to each are looked at, but for the
    first one known.
    """
    found = [0] * len(days)
    earlier: list[int] = []
    for place, day in enumerate(days):
        if day.day != 1:
            continue
        before = [
            amount
            for other, amount in zip(days[:place], amounts[:place], strict=True)
            if other.day != 1
        ]
        around = before[-_NEIGHBOURS:] or list(amounts[1 : _NEIGHBOURS + 1])
        extra = amounts[place] - round(median(around)) if around else amounts[place]
        if extra <= 0:
            continue
        has_recurred = any(extra <= each * _ALIKE and each <= extra * _ALIKE for each in earlier)
        if has_recurred or extra > _MOSTLY_ON_THE_FIRST * sum(map(abs, around)):
            found[place] = extra
        earlier.append(extra)
    return found
