"""Closing a month while somebody else closes it, too."""

from __future__ import annotations

import pytest

from bursar.domain.ledger.months import MonthState
from bursar.domain.periods import month_window
from bursar.jobs.close_month import ClosedMonth
from bursar.jobs.post_usage import LedgerBusyError, Posted
from tests.contract.ledger_books import units
from tests.unit.jobs.ledger_estate import OCTOBER, Estate


@pytest.fixture
def estate() -> Estate:
    estate = Estate()
    estate.use("1")
    return estate


def test_of_two_closes_at_once_the_later_one_finds_the_month_closed(estate: Estate) -> None:
    gates = estate.books.gates
    turn = gates.turn

    def be_overtaken(month: str, to: MonthState) -> None:
        gates.turn = turn  # type: ignore[method-assign]
        assert estate.close() == ClosedMonth("2026-10", unstated=(month_window("2026-10"),))
        turn(month, to)

    gates.turn = be_overtaken  # type: ignore[method-assign]
    assert estate.close() == ClosedMonth("2026-10", was_closed=True)
    assert gates.state("2026-10") is MonthState.CLOSED


def test_a_close_that_fails_after_another_has_closed_the_month_leaves_it_closed(
    estate: Estate,
) -> None:
    estate.spoil(100)
    post = estate.post

    def be_overtaken(entries: object) -> Posted:
        estate.post = post  # type: ignore[method-assign]
        assert len(estate.close().corrected) == 1
        raise LedgerBusyError(Posted(), frozenset())

    estate.post = be_overtaken  # type: ignore[method-assign]
    assert estate.close() == ClosedMonth("2026-10", was_closed=True)
    assert estate.books.gates.state("2026-10") is MonthState.CLOSED
    assert units(estate.books, [OCTOBER]) == 7 + 100
    assert estate.verify().holds
