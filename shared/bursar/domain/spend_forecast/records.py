"""A forecast as it is kept, and as budgets read it."""

from __future__ import annotations

from datetime import date

from pydantic import AwareDatetime, BaseModel, ConfigDict

from bursar.domain.books import Book
from bursar.domain.budgets import Budget
from bursar.domain.figures import Outlook
from bursar.domain.money import Money
from bursar.domain.series.names import SeriesName


class Outcome(BaseModel):
    """What a whole month comes to. 80 (95) of 100 such intervals should hold what it costs."""

    model_config = ConfigDict(frozen=True)

    expected: Money
    low80: Money
    high80: Money
    low95: Money
    high95: Money


class BilledForecast(BaseModel):
    """What Cost Explorer itself foresees, as 80 of 100 times."""

    model_config = ConfigDict(frozen=True)

    expected: Money
    low80: Money
    high80: Money


class SpendForecast(BaseModel):
    """The month of one series, as it was foreseen when `day` was the last whole day.

    `so_far` is what the month's known days cost, to the last digit; `apart` is the part of it
    that is no running cost, and is not extended. `unknown_days` of the month so far are not in
    `so_far`; the outcome counts what they should have cost. `path` is the running cost expected
    of each day after `day`, to the end of the month. With too little history there is no outcome.
    """

    model_config = ConfigDict(frozen=True)

    series: SeriesName
    day: date
    month: str
    as_of: AwareDatetime
    so_far: Money
    apart: Money
    unknown_days: int
    history_days: int
    needed_days: int
    outcome: Outcome | None
    path: tuple[Money, ...] = ()

    @property
    def outlook(self) -> Outlook | None:
        if (found := self.outcome) is None:
            return None
        below, above = found.expected - found.low80, found.high80 - found.expected
        return Outlook(self.day, self.path, below, above)


def series_of(budget: Budget) -> SeriesName:
    """The series that foresees a budget's scope. A place in a cluster costs in the ledger what
    its closed hours cost, so it is read there."""
    book = Book.BILLED if budget.book is Book.BILLED else Book.LEDGER
    return SeriesName(book, str(budget.scope))
