"""What is drawn of exceptions, and what goes back: the base limit is used up first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as some

from bursar.domain.admission.draws import (
    MOST_EXCEPTIONS,
    Draw,
    by_exception,
    by_window,
    draw,
    unused,
)
from bursar.domain.admission.reservations import HoldStatus, Reservation, groups
from bursar.domain.governance.consumption import Allowance
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.ledger.postings import MOST_ITEMS
from bursar.domain.money import Money
from bursar.domain.scopes import Scope

AT = datetime(2026, 11, 20, tzinfo=UTC)
NOVEMBER, DECEMBER = (
    BudgetWindow("b", datetime(2026, month, 1, tzinfo=UTC)) for month in (11, 12)
)
TEN = Money.of(10)
amounts = some.integers(0, 40)


def allowance(name: str, usd: int) -> Allowance:
    scope, amount = Scope.parse("tenant=search"), Money.of(usd)
    return Allowance(name, "team-month", scope, amount, amount, AT, AT + timedelta(days=1))


def reservation(drawn: tuple[Draw, ...], held: int = 30) -> Reservation:
    return Reservation(
        id="r",
        principal="p",
        digest="d",
        facts={},
        amount=Money.of(held),
        held={NOVEMBER: Money.of(held)},
        created_at=AT,
        expires_at=AT + timedelta(minutes=1),
        usage_event_id="e",
        drawn=drawn,
    )


@given(missing=some.tuples(amounts, amounts), has=some.lists(amounts, max_size=8))
def test_no_more_is_drawn_than_is_missing_and_than_there_is(
    missing: tuple[int, int], has: list[int]
) -> None:
    wanted = dict(zip((NOVEMBER, DECEMBER), map(Money.of, missing), strict=True))
    of = [allowance(f"E{n}", usd) for n, usd in enumerate(has)]
    drawn = draw(wanted, {"b": of})
    for window, amount in by_window(drawn).items():
        assert Money.zero() < amount <= wanted[window]
    used = by_exception(drawn)
    for each in of:
        assert Money.sum(used.get(each.exception, {}).values()) <= each.remaining
    assert len(used) <= MOST_EXCEPTIONS
    if sum(missing) <= sum(has[:MOST_EXCEPTIONS]):
        assert by_window(drawn) == {each: usd for each, usd in wanted.items() if usd}


@given(held=amounts, first=amounts, second=amounts, spent=amounts)
def test_an_exception_pays_for_what_was_spent_beyond_the_base_and_no_more(
    held: int, first: int, second: int, spent: int
) -> None:
    """The base has given `held - drawn`; the first exception is used before the second."""
    first = min(first, held)
    second = min(second, held - first)
    drawn = tuple(
        Draw(name, NOVEMBER, Money.of(usd)) for name, usd in (("1", first), ("2", second)) if usd
    )
    back = unused(drawn, {NOVEMBER: Money.of(held)}, {NOVEMBER: Money.of(spent)})
    returned = by_window(back).get(NOVEMBER, Money.zero())
    beyond = min(max(spent - (held - first - second), 0), first + second)
    assert Money.of(first + second) - returned == Money.of(beyond)
    from_first = by_exception(back).get("1", {}).get(NOVEMBER, Money.zero())
    assert Money.of(first) - from_first == Money.of(min(first, beyond))


def test_what_an_expiry_gave_back_is_not_given_back_again() -> None:
    held = reservation((Draw("1", NOVEMBER, TEN),))
    assert held.returns({}) == held.drawn
    assert held.turned(HoldStatus.EXPIRED).returns({}) == ()


def test_what_was_spent_in_another_window_frees_all_of_this_one() -> None:
    held = reservation((Draw("1", NOVEMBER, TEN),))
    assert held.returns({DECEMBER: Money.of(30)}) == held.drawn


def test_exceptions_count_among_the_items_of_a_transaction() -> None:
    """Each closes one reservation, its window and its exception; the window is one for all."""
    many = [replace(reservation((Draw(f"E{n}", NOVEMBER, TEN),)), id=f"r{n}") for n in range(120)]
    sizes = [len(group) for group in groups(many, MOST_ITEMS)]
    assert sizes == [49, 49, 22]  # 49 x 2 + 1 = 99; one more would be 101
