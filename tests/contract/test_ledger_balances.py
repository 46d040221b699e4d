"""What stands beside the entries: gates of months, enforced windows, touched hours, conflicts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bursar.domain.ledger.budget_windows import BudgetWindow, WindowBalance
from bursar.domain.ledger.conflicts import Conflict, conflict_alert, conflict_of
from bursar.domain.ledger.months import FreezeTakenOverError, MonthClosedError, MonthState
from bursar.domain.ledger.postings import CancelReason, PostingCancelledError
from bursar.domain.money import Money
from bursar.domain.periods import day_of
from tests.contract.ledger_books import NOW, ONE_PM, Books, books_on, entry, units

OCTOBER = datetime(2026, 10, 31, 23, tzinfo=UTC)
WINDOW = BudgetWindow("search", datetime(2026, 11, 1, tzinfo=UTC))


@pytest.fixture
def books(backing: Any) -> Books:
    return books_on(backing)


def refusal(books: Books, *entries: Any, **more: Any) -> PostingCancelledError:
    with pytest.raises(PostingCancelledError) as refused:
        books.post(*entries, **more)
    return refused.value


def test_a_month_that_nobody_spoke_of_is_open(books: Books) -> None:
    assert books.gates.state("2026-10") is MonthState.OPEN
    books.post(entry("1", at=OCTOBER))


def test_a_frozen_month_takes_no_posting_until_it_is_opened_again(books: Books) -> None:
    books.gates.turn("2026-10", MonthState.FROZEN)
    assert refusal(books, entry("1", at=OCTOBER)).reason is CancelReason.FROZEN_MONTH
    books.post(entry("2"))  # of another month
    books.gates.turn("2026-10", MonthState.OPEN)
    books.post(entry("1", 7, at=OCTOBER))
    assert units(books, [OCTOBER]) == 7


def test_a_closed_month_names_itself_and_stays_closed(books: Books) -> None:
    for state in (MonthState.FROZEN, MonthState.CLOSED, MonthState.CLOSED):
        books.gates.turn("2026-10", state)
    refused = refusal(books, entry("1", at=OCTOBER), entry("2"))
    assert (refused.reason, refused.months) == (CancelReason.CLOSED_MONTH, {"2026-10"})
    for state in (MonthState.OPEN, MonthState.FROZEN):
        with pytest.raises(MonthClosedError, match="2026-10"):
            books.gates.turn("2026-10", state)
    assert books.gates.state("2026-10") is MonthState.CLOSED
    assert units(books, [OCTOBER, ONE_PM]) == 0


def test_of_two_freezes_the_later_one_alone_opens_or_closes_the_month(books: Books) -> None:
    gates = books.gates
    for close in ("first", "second"):
        gates.turn("2026-10", MonthState.FROZEN, by=close)
    gates.turn("2026-10", MonthState.OPEN, by="first")
    with pytest.raises(FreezeTakenOverError, match="another close of 2026-10"):
        gates.turn("2026-10", MonthState.CLOSED, by="first")
    assert gates.state("2026-10") is MonthState.FROZEN
    for n in range(40):  # whichever gate a posting checks
        assert refusal(books, entry(f"{n}", at=OCTOBER)).reason is CancelReason.FROZEN_MONTH
    gates.turn("2026-10", MonthState.OPEN, by="second")
    assert gates.state("2026-10") is MonthState.OPEN
    with pytest.raises(FreezeTakenOverError):
        gates.turn("2026-10", MonthState.CLOSED, by="first")
    gates.turn("2026-10", MonthState.FROZEN, by="third")
    gates.turn("2026-10", MonthState.CLOSED, by="third")
    for state in MonthState:
        with pytest.raises(MonthClosedError):
            gates.turn("2026-10", state, by="fourth")
    refused = {refusal(books, entry(f"{n}", at=OCTOBER)).reason for n in range(40)}
    assert refused == {CancelReason.CLOSED_MONTH}


@pytest.mark.parametrize("state", [MonthState.FROZEN, MonthState.CLOSED])
def test_whichever_gate_a_posting_checks_it_is_shut(books: Books, state: MonthState) -> None:
    """Postings are spread over the gates by their first entry and by their shard."""
    books.gates.turn("2026-10", state)
    for n in range(40):
        refusal(books, entry(f"{n}", at=OCTOBER))


def test_a_charge_moves_from_available_to_spent(books: Books) -> None:
    books.windows.open(WINDOW, Money.of(100))
    books.post(entry("1", 7), entry("2", 5), charged=lambda _: [WINDOW])
    books.windows.open(WINDOW, Money.of(100))  # again: it stays as it is
    spent = Money.from_units(12)
    expected = WindowBalance(Money.of(100), spent, Money.zero(), Money.of(100) - spent)
    assert books.windows.balance(WINDOW) == expected


def test_a_window_that_is_not_open_takes_no_charge(books: Books) -> None:
    refused = refusal(books, entry("1"), charged=lambda _: [WINDOW])
    assert refused.reason is CancelReason.NO_WINDOW
    assert books.windows.balance(WINDOW) is None
    assert units(books) == 0


def test_a_posting_marks_its_hours(books: Books) -> None:
    books.post(entry("1"), entry("2", at=ONE_PM - timedelta(days=40)))
    found = [each.hour for each in books.touched.touched()]
    assert found == [ONE_PM - timedelta(days=40), ONE_PM]


def test_a_mark_is_cleared_when_nothing_came_since_it_was_read(books: Books) -> None:
    books.post(entry("1"))
    (read,) = books.touched.touched()
    assert books.touched.clear(read)
    assert books.touched.touched() == []
    assert books.touched.clear(read)  # again: there is none


def test_a_mark_stays_when_a_posting_came_since_it_was_read(books: Books) -> None:
    books.touched.touch(ONE_PM, "first")
    (read,) = books.touched.touched()
    books.touched.touch(ONE_PM, "second")
    assert not books.touched.clear(read)
    assert [each.hour for each in books.touched.touched()] == [ONE_PM]


def test_a_mark_that_was_cleared_and_set_again_is_another(books: Books) -> None:
    books.post(entry("1"))
    (read,) = books.touched.touched()
    books.touched.clear(read)
    books.post(entry("2"))
    books.touched.clear(read)
    assert [each.hour for each in books.touched.touched()] == [ONE_PM]


def test_why_an_hour_could_not_be_stated_stands_with_its_marks_until_the_next_change(
    books: Books,
) -> None:
    """A reason of marks that were changed since is none of the new ones."""
    touched = books.touched

    def reasons() -> list[str]:
        return [each.failed for each in touched.touched()]

    touched.touch(ONE_PM, "first")
    [read] = touched.touched()
    assert reasons() == [""]
    touched.fail(read, "too large")
    assert reasons() == ["too large"]
    touched.touch(ONE_PM, "second")
    assert reasons() == [""]
    touched.fail(read, "too large")  # of the first mark
    assert reasons() == [""]
    [read] = touched.touched()
    touched.fail(read, "still too large")
    assert touched.clear(read)
    touched.fail(read, "nobody waits for it")
    assert reasons() == []
    books.post(entry("1"))
    touched.fail(touched.touched()[0], "too large")
    books.post(entry("2"))  # of the same shard or another
    assert len(reasons()) == 1


def test_every_posting_to_an_hour_is_told_from_before_it(books: Books) -> None:
    """Also one whose mark was cleared before anybody looked, and cleared by who had read less."""
    day = day_of(ONE_PM)
    assert books.ledger.posted_between(day) == {}
    states = []
    for name in ("1", "2", "3", "4"):
        books.post(entry(name))
        for each in (old := books.touched.touched()):
            books.touched.clear(each)
        for each in old:
            books.touched.clear(each)
        states.append(books.ledger.posted_between(day))
    assert all(state.keys() == {ONE_PM} for state in states)
    assert len({state[ONE_PM] for state in states}) == 4
    assert books.ledger.posted_between(day) == states[-1]


def test_a_refused_posting_marks_nothing(books: Books) -> None:
    books.post(entry("1"))
    for each in books.touched.touched():
        books.touched.clear(each)
    refusal(books, entry("1"), entry("2"))
    assert books.touched.touched() == []


def conflict(id_: str = "1", body: int = 1, minutes: int = 0) -> Conflict:
    refused = entry(id_, 9, input_tokens=body)
    return conflict_of(refused, "f" * 32, NOW + timedelta(minutes=minutes))


def test_a_conflict_is_kept_once_and_told_once_an_id(books: Books) -> None:
    told = [conflict("1", 1), conflict("1", 1, 1), conflict("1", 2, 2), conflict("2", 1, 3)]
    kept = [books.conflicts.record(each, conflict_alert(each)) for each in told]
    assert kept == [True, False, True, True]
    assert list(books.conflicts.recent()) == [told[3], told[2], told[0]]
    alerts = [row.alert for row in books.outbox.unsent(NOW + timedelta(days=1))]
    assert [alert.title for alert in alerts] == [
        "gateway told usage 1 twice, with different bodies",
        "gateway told usage 2 twice, with different bodies",
    ]


def test_a_conflict_says_what_was_refused(books: Books) -> None:
    books.conflicts.record(conflict(), conflict_alert(conflict()))
    (kept,) = books.conflicts.recent()
    assert (kept.usd, kept.tenant, kept.model) == (Money.from_units(9), "search", "gpt-x")
    assert (kept.stands, kept.used_at, kept.seen_at) == ("f" * 32, ONE_PM, NOW)
