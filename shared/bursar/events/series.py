"""Runs over the series of a book."""

from __future__ import annotations

from bursar.domain.books import Book
from bursar.domain.series.names import Grain
from bursar.events.runs import ScheduledRun


class SeriesRun(ScheduledRun):
    """A run over the series of one book: of days, or of hours of token usage."""

    book: Book = Book.LEDGER
    grain: Grain = Grain.DAY
