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
    cover,
    debit,
    give_back,
    raised_by,
)
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.money import Money
from tests.unit.governance.world import MILLISECOND, NOON, request

UNTIL = NOON + timedelta(days=30)
NOVEMBER = BudgetWindow("search", NOON.replace(day=1, hour=0))
DECEMBER = BudgetWindow("search", NOON.replace(month=12, day=1, hour=0))
PURSE = BudgetWindow("gate:training-job", NOVEMBER.starts_at)
BASE = Money.of(1000)


def granted(amount: int = 120) -> Allowance:
    return Allowance.of("E1", request(str(amount), until=UNTIL), NOON)


def limit(
    allowance: Allowance, window: BudgetWindow, current: BudgetWindow, *, over: bool = False
) -> Money:
    at = UNTIL if over else UNTIL - MILLISECOND
    return BASE + raised_by(allowance, window, current, at)


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


def test_what_jobs_were_promised_raises_the_current_window_until_it_is_spent() -> None:
    """50 promised to jobs: 30 of them spent in November, 20 are for December."""
    used = debit(granted(), Money.of(50), PURSE, NOON)
    assert limit(used, NOVEMBER, NOVEMBER) == Money.of(1120)
    used = cover(used, Money.of(30), NOVEMBER, NOON)
    assert (used.promised, used.remaining) == (Money.of(20), Money.of(70))
    assert limit(used, NOVEMBER, DECEMBER) == Money.of(1030)
    assert limit(used, DECEMBER, DECEMBER, over=True) == Money.of(1020)


def test_what_was_spent_without_asking_is_covered_as_far_as_it_goes() -> None:
    assert cover(granted(), Money.of(80), NOVEMBER, UNTIL).remaining == Money.of(40)
    assert cover(granted(), Money.of(500), NOVEMBER, NOON).remaining == Money.zero()
    for as_of in (UNTIL + MILLISECOND, NOON - MILLISECOND):
        assert cover(granted(), Money.of(80), NOVEMBER, as_of) == granted()
    elsewhere = debit(granted(), Money.of(1), BudgetWindow("ads", NOVEMBER.starts_at), NOON)
    assert cover(elsewhere, Money.of(80), NOVEMBER, NOON) == elsewhere


@given(
    some.lists(
        some.tuples(
            some.sampled_from([debit, give_back, cover]),
            some.integers(1, 60),
            some.sampled_from([NOVEMBER, DECEMBER, PURSE]),
            some.booleans(),
        ),
        max_size=30,
    )
)
def test_remaining_and_consumed_are_always_the_amount(steps: list[tuple]) -> None:
    allowance = granted()
    for move, amount, window, late in steps:
        try:
            if move is cover:
                spent = NOVEMBER if window == PURSE else window
                allowance = cover(allowance, Money.of(amount), spent, UNTIL if late else NOON)
            elif move is debit:
                at = UNTIL if late else NOON
                allowance = debit(allowance, Money.of(amount), window, at)
            else:
                allowance = give_back(allowance, Money.of(amount), window)
        except AllowanceError:
            pass
        assert allowance.remaining + Money.sum(allowance.consumed.values()) == Money.of(120)
        assert min([allowance.remaining, *allowance.consumed.values()]) >= Money.zero()
