"""Closing a month while somebody else closes it, too."""

from __future__ import annotations

from threading import Event, Thread

import pytest

from bursar.domain.ledger.entries import Entry
from bursar.domain.ledger.months import FreezeTakenOverError, MonthState
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

    def be_overtaken(month: str, to: MonthState, *, by: str | None = None) -> None:
        gates.turn = turn  # type: ignore[method-assign]
        assert estate.close() == ClosedMonth("2026-10", unstated=(month_window("2026-10"),))
        turn(month, to, by=by)

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


def busy(_: object) -> Posted:
    raise LedgerBusyError(Posted(), frozenset())


def test_a_close_that_fails_while_a_later_one_runs_does_not_open_the_month_under_it(
    estate: Estate,
) -> None:
    post, in_post, may_fail = estate.post, Event(), Event()
    failures: list[Exception] = []

    def fail_later(_: object) -> Posted:
        in_post.set()
        may_fail.wait()
        return busy(_)

    def close_and_fail() -> None:
        with pytest.raises(LedgerBusyError) as failed:
            estate.close()
        failures.append(failed.value)

    def see_it_fail(entries: list[Entry]) -> Posted:
        may_fail.set()
        first.join()
        assert len(failures) == 1
        assert estate.books.gates.state("2026-10") is MonthState.FROZEN
        return post(entries)

    estate.post = fail_later  # type: ignore[method-assign]
    first = Thread(target=close_and_fail)
    first.start()
    in_post.wait()
    estate.post = see_it_fail  # type: ignore[method-assign]
    assert not estate.close().was_closed
    assert estate.books.gates.state("2026-10") is MonthState.CLOSED
    assert estate.verify().holds


def test_a_close_whose_freeze_a_failed_one_has_taken_over_and_undone_does_not_close_the_month(
    estate: Estate,
) -> None:
    """The 7 that came between would be in no sum of it."""
    post = estate.post

    def be_undone(entries: list[Entry]) -> Posted:
        estate.post = busy  # type: ignore[method-assign]
        with pytest.raises(LedgerBusyError):
            estate.close()
        estate.post = post  # type: ignore[method-assign]
        estate.use("2")
        return post(entries)

    estate.post = be_undone  # type: ignore[method-assign]
    with pytest.raises(FreezeTakenOverError, match="another close of 2026-10 began meanwhile"):
        estate.close()
    assert estate.books.gates.state("2026-10") is MonthState.OPEN
    assert not estate.close().was_closed
    assert units(estate.books, [OCTOBER]) == 7 + 7
    assert estate.verify().holds
