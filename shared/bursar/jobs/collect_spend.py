"""Fetch what the bill says of the last days, and keep what is new or restated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from bursar.domain.health import SourceHealth
from bursar.domain.quality import Quality
from bursar.domain.spend import (
    BillUnavailableError,
    GroupsDoNotSumError,
    SpendCapReachedError,
)
from bursar.events.runs import ScheduledRun
from bursar.ports import Bill, HealthLog, SpendStore

SOURCE = "spend"
RESTATED_FOR = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class CollectedSpend:
    """What one run did: the days it asked for, and how many facts it kept of those told."""

    first: date
    last: date
    told: int
    kept: int


def collect_spend(
    run: ScheduledRun, *, bill: Bill, store: SpendStore, health: HealthLog
) -> CollectedSpend:
    """Ask from the first of the month in which the last five complete days begin.

    The first days of a month therefore fetch the whole month before once more: Cost Explorer
    restates a day for several days, and closes a month some days after its end.

    Raises:
        SpendCapReachedError, BillUnavailableError, GroupsDoNotSumError: there is no bill to
            keep; the source's health says so as `unknown`.
    """
    last = run.last_complete_day
    first = (last - RESTATED_FOR).replace(day=1)
    try:
        told = bill.facts(first, last, run.scheduled_at)
    except (SpendCapReachedError, BillUnavailableError, GroupsDoNotSumError) as error:
        health.saw(
            SourceHealth(
                source=SOURCE,
                at=run.scheduled_at,
                quality=Quality.UNKNOWN,
                good_at=None,  # the log remembers the last good time
                detail=str(error),
            )
        )
        raise
    kept = store.record(told)
    estimated = any(fact.estimated for fact in told)
    health.saw(
        SourceHealth(
            source=SOURCE,
            at=run.scheduled_at,
            quality=Quality.ESTIMATED if estimated else Quality.FINAL,
            good_at=run.scheduled_at,
            detail=f"{first} to {last}: {len(told)} facts, {kept} new or restated",
        )
    )
    return CollectedSpend(first, last, len(told), kept)
