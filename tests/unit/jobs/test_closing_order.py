"""A year's months are closed in order: each opens with what the earlier ones came to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from bursar.adapters.memory.closed_months import MemoryClosedMonthStore
from bursar.domain.chargeback import Chargeback
from bursar.domain.ledger.months import MonthState
from bursar.domain.money import Money
from bursar.jobs.charge_back import close_chargeback
from bursar.jobs.close_month import EarlierMonthOpenError
from tests.contract.ledger_books import NOW
from tests.unit.domain.sample_statements import hour_at, pods
from tests.unit.jobs.ledger_estate import Estate

AUGUST, SEPTEMBER, OCTOBER = (datetime(2026, month, 7, 12, tzinfo=UTC) for month in (8, 9, 10))
Close = Callable[[str], Chargeback]


@pytest.fixture
def estate() -> Estate:
    """$1 in August, $2 in September, $4 in October, and nothing before."""
    estate = Estate()
    for at, usd in ((AUGUST, "1"), (SEPTEMBER, "2"), (OCTOBER, "4")):
        estate.statements.put_hour(hour_at(at, pods("acme", usd)))
    return estate


@pytest.fixture
def close(estate: Estate) -> Close:
    months = {"statements": estate.statements, "closed_months": MemoryClosedMonthStore()}

    def close(month: str) -> Chargeback:
        return close_chargeback(
            month,
            NOW,
            close_ledger=lambda name, at: estate.close(at, month=name),
            **months,
        )

    return close


def test_a_month_is_not_closed_while_an_earlier_one_can_still_change(
    estate: Estate, close: Close
) -> None:
    told = "2026-08 is open: close it before 2026-10, which opens with what the year"
    with pytest.raises(EarlierMonthOpenError, match=told):
        close("2026-10")
    assert estate.books.gates.state("2026-10") is MonthState.OPEN
    estate.statements.put_hour(hour_at(AUGUST, pods("acme", "51")))  # restated, as it is open
    shown = [close(month) for month in ("2026-08", "2026-09", "2026-10")]
    assert [(each.opening.plain(), each.closing.plain()) for each in shown] == [
        ("0", "51"),
        ("51", "53"),
        ("53", "57"),
    ]


def test_a_month_whose_ledger_alone_was_closed_is_in_order_too(
    estate: Estate, close: Close
) -> None:
    for month in ("2026-08", "2026-09"):
        estate.close(month=month)
    assert close("2026-10").opening == Money.of(3)


def test_a_month_that_is_frozen_alone_can_still_change(estate: Estate) -> None:
    estate.close(month="2026-08")
    estate.books.gates.turn("2026-09", MonthState.FROZEN)  # by a close that broke off
    with pytest.raises(EarlierMonthOpenError, match="2026-09 is open"):
        estate.close()


def test_what_the_year_before_left_open_is_in_no_opening(estate: Estate) -> None:
    january = datetime(2027, 1, 7, 12, tzinfo=UTC)
    estate.statements.put_hour(hour_at(january, pods("acme", "8")))
    estate.close(datetime(2027, 2, 1, tzinfo=UTC), month="2027-01")
    assert estate.books.gates.state("2027-01") is MonthState.CLOSED
