"""Months of the ledger: whether they take postings still, and which of their hours changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bursar.domain.periods import HOUR, Window

_SPANS_TOLD = 5


class MonthState(StrEnum):
    """`frozen`: postings to the month wait. `closed`: they become adjustments that name it."""

    OPEN = "open"
    FROZEN = "frozen"
    CLOSED = "closed"


class MonthClosedError(Exception):
    """A closed month was to be opened or frozen again: what was stated stays stated."""


class MonthBusyError(Exception):
    """Postings were in the way each time that the month was to be turned."""

    def __init__(self, month: str) -> None:
        super().__init__(f"usage of {month} kept coming in: repeat it later")


class FreezeTakenOverError(Exception):
    """Another close froze the month after this one did: only that one may open or close it."""

    def __init__(self, month: str) -> None:
        super().__init__(
            f"another close of {month} began meanwhile: repeat this when that one has ended"
        )


@dataclass(frozen=True, slots=True)
class TouchedHour:
    """An hour whose leaves changed. `marks` (shard: mark) say up to which changes it was read, and
    `failed` why its statement could not be made anew with them; empty where that was not tried."""

    hour: datetime
    marks: Mapping[str, str]
    failed: str = ""


def hours_in(spans: Sequence[Window]) -> int:
    return sum(each.length // HOUR for each in spans)


def in_words(spans: Sequence[Window]) -> str:
    told = [f"{each.start:%Y-%m-%d %H:%M} to {each.end:%Y-%m-%d %H:%M}" for each in spans]
    more = [f"{len(told) - _SPANS_TOLD} spans more"] if len(told) > _SPANS_TOLD else []
    return ", ".join([*told[:_SPANS_TOLD], *more])


def month_name(at: datetime) -> str:
    """`2026-11`, of a time in UTC."""
    return f"{at:%Y-%m}"
