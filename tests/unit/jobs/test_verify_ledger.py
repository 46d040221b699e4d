"""Verifying a month: balances against entries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from bursar.adapters.memory.usage import MemoryUsageArchive
from bursar.domain.ledger.entries import Leaf
from bursar.domain.periods import Window, hour_of
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.records import UsageRecord
from bursar.jobs.verify_ledger import verify_hour
from tests.contract.ledger_books import NOW, ONE_PM, entry, record, units
from tests.unit.jobs.ledger_estate import OCTOBER, Estate, Moving, settle


@pytest.fixture
def estate() -> Estate:
    return Estate()


def test_a_ledger_that_was_only_posted_to_holds(estate: Estate) -> None:
    estate.use("1", "2", "1")
    estate.use("1", at=OCTOBER + timedelta(hours=1))  # another body: it is refused
    estate.archive.put([record("shadowed", at=OCTOBER)], NOW)
    estate.post([entry("shadowed", at=OCTOBER, shadow="litellm")])
    assert estate.verify().holds
    assert estate.verify().unposted == ()


def test_a_leaf_that_is_not_the_sum_of_its_entries_is_named(estate: Estate) -> None:
    estate.use("1", "2")
    key = estate.spoil(100)
    found = estate.verify()
    (difference,) = found.differences
    assert difference.key == key
    assert (difference.entries_say.amounts.units, difference.leaf_says.amounts.units) == (14, 114)
    assert difference.missing == Leaf(amounts=ClassAmounts(-100))
    assert not found.holds


def test_what_was_archived_and_never_posted_is_named(estate: Estate) -> None:
    estate.archive.put([record("lost", at=OCTOBER)], NOW)
    assert estate.verify().unposted == (("gateway", "lost"),)


def test_what_was_settled_and_never_told_is_spent_and_no_difference(estate: Estate) -> None:
    estate.use("1")
    settle(estate, "2", "3")
    assert estate.verify().holds
    assert estate.close().corrected == ()
    assert units(estate.books, [OCTOBER]) == 7 + 3 * 10**12
    assert units(estate.books, [ONE_PM]) == 0  # nothing of it is taken back


@pytest.mark.parametrize("late", [timedelta(), timedelta(hours=1), timedelta(hours=-1)])
def test_what_was_settled_stays_in_its_hour_when_its_usage_is_told_of_another(
    estate: Estate, late: timedelta
) -> None:
    settle(estate, "2", "3")
    estate.use("2", at=OCTOBER + late)  # a duplicate
    found = estate.verify()
    assert (found.holds, found.unposted) == (True, ())
    assert units(estate.books, [OCTOBER]) == 3 * 10**12


def test_an_hour_that_moved_while_it_was_read_is_read_again(estate: Estate) -> None:
    archive = Moving(estate, times=3)
    books = estate.books
    hour = hour_of(OCTOBER)
    found = verify_hour(hour, {}, ledger=books.ledger, reader=books.reader, archive=archive)
    assert (found.steady, found.differences) == (True, ())
    assert len(books.reader.entries([("gateway", f"moving-{n}") for n in range(3)])) == 3


def test_an_hour_that_never_rests_is_not_compared(estate: Estate) -> None:
    estate.archive = Moving(estate, times=99)
    estate.use("first")
    found = estate.verify()
    assert found.unsteady == (OCTOBER,)
    assert not found.holds


def test_of_an_hour_without_leaves_and_records_nothing_more_is_asked(estate: Estate) -> None:
    estate.use("1")
    asked: list[datetime] = []

    class Listening(MemoryUsageArchive):
        def records(self, hours: Window) -> Iterator[UsageRecord]:
            asked.append(hours.start)
            return super().records(hours)

    estate.archive = Listening()
    estate.use("1")
    assert estate.verify().holds
    assert asked == [OCTOBER]  # of 744 hours
