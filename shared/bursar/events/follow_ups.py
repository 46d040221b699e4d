"""Runs that follow another function's success."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from bursar.domain.books import Book, News
from bursar.events import Event
from bursar.events.runs import ScheduledRun


class FinishedRun(ScheduledRun):
    """A run that succeeded: of one cluster (its hour is closed), or of another book."""

    cluster: str | None = None
    book: Book = Book.BILLED


class FollowUpRun(Event):
    """What a Lambda on-success destination delivers: the request of the run that succeeded."""

    request: FinishedRun = Field(alias="requestPayload")

    @property
    def scheduled_at(self) -> datetime:
        return self.request.scheduled_at

    @property
    def news(self) -> News:
        if self.request.cluster:
            return News(Book.METERED, self.request.cluster)
        return News(self.request.book)
