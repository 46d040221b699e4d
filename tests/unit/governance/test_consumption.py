"""An approval is one amount: it is used once, and only the rest of it expires."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bursar.domain.governance.consumption import (
    Allowance,
    AllowanceError,
    AllowanceExhaustedError,
    AllowanceOverError,
    NotConsumedError,
    OtherBudgetError,
    debit,
    effective_limit,
    give_back,
)
from bursar.domain.ledger.postings import BudgetWindow
from bursar.domain.money import Money
from tests.unit.governance.world import MILLISECOND, NOON

UNTIL = NOON + timedelta(days=30)
NOVEMBER = BudgetWindow("search", NOON.replace(day=1, hour=0))
DECEMBER = BudgetWindow("search", NOON.replace(month=12, day=1, hour=0))
BASE = Money.of(1000)


def granted(amount: int = 120) -> Allowance:
    return Allowance.of("E1", Money.of(amount), UNTIL)


def limit(
    allowance: Allowance, window: BudgetWindow, current: BudgetWindow, *, over: bool = False
) -> Money:
    at = UNTIL if over else UNTIL - MILLISECOND
    return effective_limit(BASE, allowance, window, current=current, at=at)


def test_an_approval_raises_the_limit_until_it_ends() -> None:
    assert limit(granted(), NOVEMBER, NOVEMBER) == Money.of(1120)
    assert limit(granted(), NOVEMBER, NOVEMBER, over=True) == BASE


def test_only_the_unused_part_vanishes() -> None:
    used = debit(granted(), Money.of(50), NOVEMBER, NOON)
    assert limit(used, NOVEMBER, NOVEMBER) == Money.of(1120)  # 50 used and 70 to use
    assert limit(used, NOVEMBER, NOVEMBER, over=True) == Money.of(1050)  # base + consumed


def test_no_dollar_of_it_raises_two_windows() -> None:
    used = debit(granted(), Money.of(50), NOVEMBER, NOON)
    assert limit(used, NOVEMBER, DECEMBER) == Money.of(1050)
    assert limit(used, DECEMBER, DECEMBER) == Money.of(1070)


def test_it_is_a_ceiling() -> None:
    used = debit(granted(), Money.of(120), NOVEMBER, NOON)
    with pytest.raises(AllowanceExhaustedError):
        debit(used, Money.from_units(1), NOVEMBER, NOON)


def test_nothing_is_used_of_it_once_it_has_ended() -> None:
    debit(granted(), Money.of(1), NOVEMBER, UNTIL - MILLISECOND)
    with pytest.raises(AllowanceOverError):
        debit(granted(), Money.of(1), NOVEMBER, UNTIL)


def test_it_raises_one_budget() -> None:
    used = debit(granted(), Money.of(1), NOVEMBER, NOON)
    with pytest.raises(OtherBudgetError):
        debit(used, Money.of(1), BudgetWindow("ads", NOVEMBER.starts_at), NOON)


def test_what_was_reserved_and_not_spent_can_be_used_again() -> None:
    used = give_back(debit(granted(), Money.of(50), NOVEMBER, NOON), Money.of(20), NOVEMBER)
    assert used.remaining == Money.of(90)
    assert limit(used, NOVEMBER, NOVEMBER, over=True) == Money.of(1030)
    with pytest.raises(NotConsumedError):
        give_back(used, Money.of(31), NOVEMBER)


@given(
    some.lists(
        some.tuples(
            some.sampled_from([debit, give_back]),
            some.integers(1, 60),
            some.sampled_from([NOVEMBER, DECEMBER]),
            some.booleans(),
        ),
        max_size=30,
    )
)
def test_remaining_and_consumed_are_always_the_amount(steps: list[tuple]) -> None:
    allowance = granted()
    for move, amount, window, late in steps:
        try:
            if move is debit:
                at = UNTIL if late else NOON
                allowance = debit(allowance, Money.of(amount), window, at)
            else:
                allowance = give_back(allowance, Money.of(amount), window)
        except AllowanceError:
            pass
        assert allowance.remaining + Money.sum(allowance.consumed.values()) == Money.of(120)
        assert min([allowance.remaining, *allowance.consumed.values()]) >= Money.zero()
