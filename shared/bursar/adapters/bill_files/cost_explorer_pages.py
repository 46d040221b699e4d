"""How Cost Explorer's answers go together: a day is grouped in one way, and no page is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple, TypeAlias

from bursar.adapters.bill_files.tables import BillFileError
from bursar.domain.bills import MissingPage

Grouping: TypeAlias = tuple[str, ...]  # what an answer is grouped by, in the order of the names
_DAY = timedelta(days=1)


class Groupings:
    """By what each day is grouped: the groups of one grouping have all of its amount."""

    def __init__(self) -> None:
        self._of_day: dict[date, tuple[Grouping, str]] = {}

    def add(self, day: date, grouping: Grouping, where: str) -> None:
        """Note amounts of a day.

        Raises:
            BillFileError: the day has amounts of another grouping; the message names both.
        """
        known, there = self._of_day.setdefault(day, (grouping, where))
        if known != grouping:
            raise BillFileError(
                f"{where}: {day} is grouped by {_named(grouping)}, and by {_named(known)} in"
                f" {there}: amounts of a day that are grouped differently cannot be added"
            )


class Page(NamedTuple):
    """An answer, its first and last day (None of an empty one), and whether it has a
    NextPageToken."""

    where: str
    grouping: Grouping
    days: tuple[date, date] | None
    is_followed: bool


def missing_pages(pages: Sequence[Page]) -> Iterator[MissingPage]:
    """Those from which the pages that are there lead to no last one.

    A token does not tell which page it asks for. So any page may follow that is grouped alike,
    and begins on a day of this one, or on the next day of its month: bills are asked for by the
    month, and the first page of another month is no page of this one.
    """
    whole = [page for page in pages if not page.is_followed]
    left = [page for page in pages if page.is_followed]
    while found := [page for page in left if any(_may_follow(page, each) for each in whole)]:
        whole += found
        left = [page for page in left if page not in found]
    for page in left:
        yield MissingPage(page.where)


def _may_follow(page: Page, other: Page) -> bool:
    if page.grouping != other.grouping or not (page.days and other.days):
        return page.grouping == other.grouping
    (first, last), (others_first, others_last) = page.days, other.days
    if others_first < first or others_last < last:
        return False
    next_day = last + _DAY
    return others_first <= last or (others_first == next_day and next_day.day > 1)


def _named(grouping: Grouping) -> str:
    return " and ".join(grouping) or "nothing (a Total)"
