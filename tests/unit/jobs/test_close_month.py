"""Closing a month: corrections, and late usage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bursar.adapters.memory.ledger import MemoryLedger
from bursar.domain.ledger.entries import Entry, Leaf, Pricing
from bursar.domain.ledger.months import MonthState
from bursar.domain.periods import HOUR, Window, hour_of, hours, month_window
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.records import TokenSums
from bursar.jobs.close_month import (
    ClosedMonth,
    HoursUnstatedError,
    MonthNotOverError,
    MonthUnsettledError,
    MonthUnsteadyError,
    close_month,
)
from bursar.jobs.verify_ledger import verify_ledger
from tests.contract.ledger_books import NOW, ONE_PM, units
from tests.unit.domain.sample_statements import hour_at
from tests.unit.jobs.ledger_estate import OCTOBER, Estate, LateUsage, Moving


@pytest.fixture
def estate() -> Estate:
    return Estate()


def test_a_month_is_closed_once_it_is_over(estate: Estate) -> None:
    with pytest.raises(MonthNotOverError, match="2026-10 ends at 2026-11-01 00:00 UTC"):
        estate.close(at=datetime(2026, 10, 31, 23, 59, tzinfo=UTC))
    assert estate.close() == ClosedMonth("2026-10", unstated=(month_window("2026-10"),))
    assert estate.close() == ClosedMonth("2026-10", was_closed=True)


def test_a_month_with_hours_to_be_stated_again_is_not_closed(estate: Estate) -> None:
    estate.touched.touch(OCTOBER, "late")
    with pytest.raises(
        MonthUnsettledError, match=r"1 hours of 2026-10 .* the first 2026-10-20T08"
    ):
        estate.close()
    assert estate.books.gates.state("2026-10") is MonthState.OPEN
    for n in range(1, 8):
        estate.touched.touch(OCTOBER + n * HOUR, "late")
    for each in list(estate.touched.touched())[1:]:
        estate.touched.fail(each, f"TooLargeError: {each.hour:%H}")
    with pytest.raises(MonthUnsettledError) as refused:
        estate.close()
    told = "8 hours of 2026-10 wait to be stated again, the first 2026-10-20T08: repeat this"
    assert told in str(refused.value)
    assert str(refused.value).endswith(
        "7 of them could not be stated when that was tried last: 2026-10-20T09: TooLargeError: 09;"
        " 2026-10-20T10: TooLargeError: 10; 2026-10-20T11: TooLargeError: 11;"
        " 2026-10-20T12: TooLargeError: 12; 2026-10-20T13: TooLargeError: 13; and 2 more"
    )
    estate.touched = MemoryLedger()
    estate.touched.touch(NOW, "another month")
    assert not estate.close().was_closed


def test_a_month_is_not_closed_before_each_of_its_hours_is_stated(estate: Estate) -> None:
    *october, last = hours(month_window("2026-10"))
    for hour in october:
        estate.statements.put_hour(hour_at(hour.start))
    five_past = last.end + timedelta(minutes=5)  # an hour is stated some minutes after its end
    told = "1 hours of 2026-10 were not stated: 2026-10-31 23:00 to 2026-11-01 00:00"
    with pytest.raises(HoursUnstatedError, match=told):
        estate.close(at=five_past, with_unknown_hours=False)
    assert estate.books.gates.state("2026-10") is MonthState.OPEN
    estate.statements.put_hour(hour_at(last.start))
    assert estate.close(with_unknown_hours=False) == ClosedMonth("2026-10")


def test_hours_that_stay_unknown_are_closed_on_somebodys_word_and_named(estate: Estate) -> None:
    down = {OCTOBER, OCTOBER + timedelta(hours=1), OCTOBER + timedelta(hours=9)}
    for hour in hours(month_window("2026-10")):
        if hour.start not in down:
            estate.statements.put_hour(hour_at(hour.start))
    with pytest.raises(
        HoursUnstatedError, match=r"3 hours .*: 2026-10-20 08:00 to 2026-10-20 10:0"
    ):
        estate.close(with_unknown_hours=False)
    closed = estate.close(with_unknown_hours=True)
    assert closed.unstated == (
        Window(OCTOBER, OCTOBER + timedelta(hours=2)),
        hour_of(OCTOBER + timedelta(hours=9)),
    )
    assert estate.books.gates.state("2026-10") is MonthState.CLOSED


def test_usage_that_comes_after_the_close_adjusts_the_month_and_still_verifies(
    estate: Estate,
) -> None:
    estate.use("1")
    estate.close()
    estate.use("2", units=5)
    assert units(estate.books, [OCTOBER]) == 7
    assert units(estate.books, [ONE_PM]) == 5
    found = estate.verify()
    assert found.holds
    assert found.unposted == ()


def test_late_usage_that_comes_while_a_closed_month_is_read_is_no_difference(
    estate: Estate,
) -> None:
    estate.use("1")
    estate.close()
    estate.archive = LateUsage(estate, times=2)
    estate.use("1", "2")
    found = estate.verify()
    assert found.holds
    assert units(estate.books, [ONE_PM]) == 3 * 7  # the second, and what came meanwhile


def test_adjustments_that_never_rest_are_not_compared(estate: Estate) -> None:
    estate.use("1")
    estate.close()
    estate.archive = LateUsage(estate, times=99)
    estate.use("1", "2")
    found = estate.verify()
    assert (found.adjustments, found.unsteady) == ((), (ONE_PM,))
    assert not found.holds


def test_an_adjustment_that_is_not_the_sum_of_its_entries_is_named(estate: Estate) -> None:
    estate.use("1")
    estate.close()
    estate.use("2", units=5)
    estate.spoil(100, adjusts="2026-10", hour=ONE_PM)
    (difference,) = estate.verify().adjustments
    assert (difference.entries_say.amounts.units, difference.leaf_says.amounts.units) == (5, 105)


@pytest.mark.parametrize("fault", [100, -4])
def test_a_close_puts_differences_right_by_adjustments(estate: Estate, fault: int) -> None:
    estate.use("1", "2")
    estate.spoil(fault)
    (corrected,) = estate.close().corrected
    assert corrected.missing == Leaf(amounts=ClassAmounts(-fault))
    # the month's own 14 + fault stay as they were; the hour of the close holds the difference
    assert units(estate.books, [OCTOBER]) == 14 + fault
    assert units(estate.books, [ONE_PM]) == -fault
    found = estate.verify()
    assert found.holds
    assert found.corrected == (corrected,)


def test_what_goes_wrong_in_a_balance_after_its_correction_is_named(estate: Estate) -> None:
    estate.use("1", "2")
    estate.spoil(100)
    estate.close()
    estate.spoil(50)
    found = estate.verify()
    (left,) = found.differences
    # 14 + 100 + 50 in the balance, and a correction of -100
    assert (left.entries_say.amounts.units, left.leaf_says.amounts.units) == (14, 64)
    assert (found.holds, found.corrected) == (False, ())


@pytest.mark.parametrize(
    ("hour", "month"),
    [
        (OCTOBER, "2026-10"),  # no usage of October adjusts October
        (OCTOBER - timedelta(days=30), "2026-09"),  # nor did September's
        (datetime(2026, 11, 1, tzinfo=UTC), "2026-10"),
        (NOW.replace(minute=0), "2026-10"),
    ],
)
def test_an_adjustment_that_no_entry_made_is_found_in_whatever_hour_it_stands(
    estate: Estate, hour: datetime, month: str
) -> None:
    estate.use("1")
    key = estate.spoil(100, adjusts="2026-10", hour=hour)
    found = estate.verify(month)
    (difference,) = (*found.differences, *found.adjustments)
    assert (difference.key, difference.missing) == (key, Leaf(amounts=ClassAmounts(-100)))


FAULTS = {
    "tokens and requests too many": Leaf(0, 7, TokenSums(400)),
    "tokens and requests too few": Leaf(0, -1, TokenSums(-50, output=-10)),
    "cached tokens alone, more than are missing as input": Leaf(tokens=TokenSums(0, -30)),
    "some classes too many, some too few": Leaf(tokens=TokenSums(5, 2, -1, 0, -3)),
    "reasoning beyond the output": Leaf(tokens=TokenSums(reasoning=99)),
    "entries": Leaf(entries=3),
    "all of it": Leaf(-2, -2, TokenSums(-200, output=-20), ClassAmounts(-14)),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("pricing", Pricing)
def test_a_close_puts_every_count_right_so_that_leaves_are_the_sum_of_the_entries(
    estate: Estate, fault: Leaf, pricing: Pricing
) -> None:
    estate.use("1", "2", pricing=pricing)
    estate.spoil(fault=fault, pricing=pricing)
    estate.close()
    corrected = estate.books.ledger.leaves(ONE_PM).values()
    # two requests of 100 input and 10 output tokens, for 7 units each
    stated = sum([*estate.books.ledger.leaves(OCTOBER).values(), *corrected], start=Leaf())
    assert stated == Leaf(2, 2, TokenSums(200, output=20), ClassAmounts(14))
    found = estate.verify()
    assert (found.holds, found.differences, len(found.corrected)) == (True, (), 1)


@pytest.mark.parametrize("more", [0, 30])
def test_a_close_that_fails_opens_the_month_again_and_can_be_repeated(
    estate: Estate, more: int
) -> None:
    estate.use("1")
    estate.spoil(100)
    books = estate.books

    def post_and_die(entries: Sequence[Entry]) -> None:
        assert books.gates.state("2026-10") is MonthState.FROZEN
        estate.post(entries)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        close_month(
            "2026-10",
            NOW,
            ledger=books.ledger,
            reader=books.reader,
            archive=estate.archive,
            gates=books.gates,
            statements=estate.statements,
            touched=estate.touched,
            post=post_and_die,
            by="one that dies",
            with_unknown_hours=True,
        )
    assert books.gates.state("2026-10") is MonthState.OPEN
    estate.use("2")
    if more:
        estate.spoil(more)
    estate.close()
    assert units(books, [ONE_PM]) == -100 - more  # once
    found = estate.verify()
    assert (found.holds, len(found.corrected)) == (True, 1)


def test_usage_between_the_check_and_the_freeze_is_counted(estate: Estate) -> None:
    estate.archive = Moving(estate, times=1)
    estate.use("first")
    done = estate.close()
    assert units(estate.books, [OCTOBER]) == 14
    assert done.corrected == ()
    assert estate.verify().holds


def test_after_the_freeze_only_hours_that_were_posted_to_since_are_read(estate: Estate) -> None:
    estate.use("1")
    estate.use("2", at=OCTOBER + timedelta(hours=1))
    read: list[datetime] = []

    class Listening(Moving):
        def records(self, hours):  # type: ignore[no-untyped-def]
            read.append(hours.start)
            return super().records(hours)

    archive = Listening(estate, times=1)
    archive.put(list(estate.archive.records(month_window("2026-10"))), NOW)
    estate.archive = archive
    estate.close()
    # the first of the two was posted to while it was read, which was repeated for it
    assert read == [OCTOBER, OCTOBER, OCTOBER + timedelta(hours=1), OCTOBER]
    assert estate.verify().holds


def test_a_month_that_never_rests_is_not_closed(estate: Estate) -> None:
    class Unlocked:
        """Gates that hold nobody back."""

        def state(self, month: str) -> MonthState:
            return MonthState.OPEN

        def turn(self, month: str, to: MonthState, *, by: str | None = None) -> None:
            turned.append(to)

    turned: list[MonthState] = []
    books = estate.books
    estate.archive = Moving(estate, times=99)
    estate.use("first")
    with pytest.raises(MonthUnsteadyError, match="2026-10-20T08"):
        close_month(
            "2026-10",
            NOW,
            ledger=books.ledger,
            reader=books.reader,
            archive=estate.archive,
            gates=Unlocked(),
            statements=estate.statements,
            touched=estate.touched,
            post=estate.post,
            by="one",
            with_unknown_hours=True,
        )
    assert turned == [MonthState.FROZEN, MonthState.OPEN]


def test_a_month_has_a_year_and_a_month(estate: Estate) -> None:
    with pytest.raises(ValueError, match="2026-13"):
        verify_ledger(
            "2026-13",
            NOW,
            ledger=estate.books.ledger,
            reader=estate.books.reader,
            archive=estate.archive,
        )
