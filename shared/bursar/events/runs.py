"""Scheduled runs, and runs that follow another function's success."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from bursar.domain.budgets import Book, News
from bursar.domain.periods import Window, hour_of
from bursar.domain.series.names import Grain
from bursar.events import Event


class ScheduledRun(Event):
    """EventBridge Scheduler fills in `scheduled_at`; a person's own offset becomes UTC."""

    schema_version: Literal[1] = 1
    scheduled_at: Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))]

    @property
    def last_complete_day(self) -> date:
        return (self.scheduled_at - timedelta(days=1)).date()

    @property
    def last_complete_hour(self) -> Window:
        return hour_of(self.scheduled_at - timedelta(hours=1))


class ClusterRun(ScheduledRun):
    cluster: str


class MetricsRun(ScheduledRun):
    """`source` is one of `prometheus:CLUSTER` and `bedrock:REGION`."""

    source: str = Field(pattern=r"^(prometheus|bedrock):.+$")

    @property
    def cluster(self) -> str | None:
        """Of whose Prometheus it is; None where Bedrock is asked."""
        kind, _, name = self.source.partition(":")
        return name if kind == "prometheus" else None


class PriceBookPart(StrEnum):
    LIST = "list"
    SPOT = "spot"


class PriceRun(ScheduledRun):
    part: PriceBookPart


class FinishedRun(ScheduledRun):
    """A run that succeeded: of one cluster (its hour is closed), or of another book."""

    cluster: str | None = None
    book: Book = Book.BILLED


class SeriesRun(ScheduledRun):
    """A run over the series of one book: of days, or of hours of token usage."""

    book: Book = Book.LEDGER
    grain: Grain = Grain.DAY


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
