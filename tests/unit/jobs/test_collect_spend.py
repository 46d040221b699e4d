"""Keeping the bill: which days are asked for, what is kept, and what is said when it fails."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from bursar.adapters.memory.notices import MemoryHealthLog
from bursar.adapters.memory.spend import MemoryBill, MemorySpendStore
from bursar.config.bursar_yaml import validated
from bursar.domain.money import Money
from bursar.domain.quality import Quality
from bursar.domain.spend import (
    BillUnavailableError,
    GroupsDoNotSumError,
    Metric,
    SpendCapReachedError,
    SpendFact,
)
from bursar.events.runs import ScheduledRun
from bursar.jobs.collect_spend import CollectedSpend, collect_spend

ACCOUNT = "111122223333"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CONFIG = validated(
    {
        "version": 1,
        "organisation": "acme",
        "account": ACCOUNT,
        "region": "us-east-1",
        "notifications": {"catch_all": ["ops@example.com"]},
    }
)


def fact(day: date, amount: str, group: str = "total", *, estimated: bool = False) -> SpendFact:
    return SpendFact(
        account=ACCOUNT,
        metric=Metric.UNBLENDED,
        day=day,
        group=group,
        amount=Money.of(amount),
        estimated=estimated,
        as_of=NOON,
    )


class Purse:
    """The job with a store and a health log in memory."""

    def __init__(self) -> None:
        self.store = MemorySpendStore()
        self.health = MemoryHealthLog()

    def collect(self, bill: MemoryBill, at: datetime = NOON) -> CollectedSpend:
        run = ScheduledRun(scheduled_at=at)
        return collect_spend(run, bill=bill, store=self.store, health=self.health)

    def latest(self) -> Sequence[SpendFact]:
        first, last = date(2026, 1, 1), date(2026, 12, 31)
        return self.store.latest(ACCOUNT, Metric.UNBLENDED, first, last)


@pytest.fixture
def purse() -> Purse:
    return Purse()


@pytest.mark.parametrize(
    ("at", "first", "last"),
    [
        # the 20th at noon: the 19th is complete, five days before is the 14th, of November
        (NOON, date(2026, 11, 1), date(2026, 11, 19)),
        # the 4th: five days before the 3rd is 29 October, so October is asked again
        (datetime(2026, 11, 4, 4, tzinfo=UTC), date(2026, 10, 1), date(2026, 11, 3)),
        (datetime(2027, 1, 1, 4, tzinfo=UTC), date(2026, 12, 1), date(2026, 12, 31)),
    ],
)
def test_the_month_in_which_the_last_five_days_began_is_asked_for(
    purse: Purse, at: datetime, first: date, last: date
) -> None:
    done = purse.collect(MemoryBill(), at)
    assert (done.first, done.last) == (first, last)


def test_what_is_told_is_kept_once(purse: Purse) -> None:
    day = date(2026, 11, 19)
    bill = MemoryBill([fact(day, "10"), fact(day, "10", "service=Amazon S3")])
    assert purse.collect(bill).kept == 2
    assert purse.collect(bill, NOON + timedelta(hours=6)).kept == 0
    (seen,) = purse.health.all()
    assert (seen.source, seen.quality) == ("spend", Quality.FINAL)
    assert seen.detail == "2026-11-01 to 2026-11-19: 2 facts, 0 new or restated"


def test_a_restated_day_is_the_next_in_sequence(purse: Purse) -> None:
    day = date(2026, 11, 19)
    purse.collect(MemoryBill([fact(day, "10", estimated=True)]))
    assert purse.health.all()[0].quality is Quality.ESTIMATED
    purse.collect(MemoryBill([fact(day, "10.5")]), NOON + timedelta(days=1))
    (latest,) = purse.latest()
    assert (latest.amount.plain(), latest.sequence, latest.estimated) == ("10.5", 2, False)


def test_a_group_that_is_gone_from_the_bill_is_restated_to_zero(purse: Purse) -> None:
    day = date(2026, 11, 19)
    team = "tag:team=search"
    purse.collect(MemoryBill([fact(day, "10"), fact(day, "10", team)]))
    renamed = [fact(day, "10"), fact(day, "10", "tag:team=find")]
    purse.collect(MemoryBill(renamed), NOON + timedelta(days=1))
    assert {each.group: each.amount.plain() for each in purse.latest()} == {
        "tag:team=find": "10",
        "tag:team=search": "0",
        "total": "10",
    }


def test_a_day_that_the_bill_does_not_name_keeps_its_facts(purse: Purse) -> None:
    purse.collect(MemoryBill([fact(date(2026, 11, 18), "10")]))
    purse.collect(MemoryBill([fact(date(2026, 11, 19), "5")]), NOON + timedelta(days=1))
    assert [each.amount.plain() for each in purse.latest()] == ["10", "5"]


@pytest.mark.parametrize(
    "error",
    [
        SpendCapReachedError("the 6 pages are used up"),
        BillUnavailableError("Cost Explorer: not yours"),
        GroupsDoNotSumError("1 is not 2"),
    ],
)
def test_without_a_bill_the_source_is_unknown_and_the_run_fails(
    purse: Purse, error: Exception
) -> None:
    purse.collect(MemoryBill([fact(date(2026, 11, 19), "10")]))
    tomorrow = NOON + timedelta(days=1)
    with pytest.raises(type(error)):
        purse.collect(MemoryBill(error=error), tomorrow)
    (seen,) = purse.health.all()
    assert (seen.quality, seen.at, seen.good_at) == (Quality.UNKNOWN, tomorrow, NOON)
    assert seen.detail == str(error)
    assert [each.amount.plain() for each in purse.latest()] == ["10"]
