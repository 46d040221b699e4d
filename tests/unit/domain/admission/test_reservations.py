"""What a reservation may become, what goes into one transaction, and what tokens may cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise, product

import pytest
from hypothesis import strategies as some

from bursar.domain.admission.estimates import worst_case
from bursar.domain.admission.leases import slice_of
from bursar.domain.admission.reservations import (
    ForbiddenStepError,
    HoldStatus,
    Reservation,
    freed,
    groups,
    reservation_id,
)
from bursar.domain.admission.settlements import settlement, tell_the_same
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.money import Money
from bursar.domain.scopes import Dimension
from bursar.domain.usage.prices import ContextTier, TokenPrice, TokenRates
from tests.unit.for_all import for_all

AT = datetime(2026, 11, 20, 13, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
SEARCH, ALL = BudgetWindow("search", NOVEMBER), BudgetWindow("all", NOVEMBER)
TEN = Money.of(10)
HELD = Reservation(
    id="1",
    principal="gateway",
    digest="d",
    facts={Dimension.TENANT: "search", Dimension.CATEGORY: "external_api"},
    amount=TEN,
    held={SEARCH: TEN, ALL: TEN},
    created_at=AT,
    expires_at=AT + timedelta(minutes=5),
    usage_event_id="event",
)
ALLOWED = {
    ("open", "settled"),
    ("open", "released"),
    ("open", "expired"),
    ("expired", "settled_late"),
}


@pytest.mark.parametrize(("old", "new"), list(product(HoldStatus, HoldStatus)))
def test_a_reservation_takes_these_steps_and_no_others(old: HoldStatus, new: HoldStatus) -> None:
    held = replace(HELD, status=old)
    if (old, new) in ALLOWED:
        assert held.turned(new).status is new
    else:
        with pytest.raises(ForbiddenStepError):
            held.turned(new)


def test_only_an_open_one_gives_back_what_it_holds() -> None:
    assert HELD.frees() == HELD.held
    assert not any(
        replace(HELD, status=status).frees() for status in HoldStatus if status != "open"
    )


def test_usage_settles_an_open_one_and_an_expired_one_late() -> None:
    assert (HELD.awaits_usage, HELD.settled) == (True, HoldStatus.SETTLED)
    expired = HELD.turned(HoldStatus.EXPIRED)
    assert (expired.awaits_usage, expired.settled) == (True, HoldStatus.SETTLED_LATE)
    assert not HELD.turned(HoldStatus.RELEASED).awaits_usage
    assert not replace(HELD, usage_event_id=None).awaits_usage


def test_a_lease_is_not_settled() -> None:
    with pytest.raises(ForbiddenStepError):
        settlement(replace(HELD, usage_event_id=None), TEN, AT)


def test_a_settlement_and_any_usage_of_the_same_id_tell_the_same() -> None:
    settled = settlement(HELD, TEN, AT)
    assert settled.name == ("gateway", "event")
    assert tell_the_same(settled.digest, "a" * 32)
    assert tell_the_same("a" * 32, settled.digest)
    assert not tell_the_same("a" * 32, "b" * 32)


def test_ids_of_different_principals_and_keys_never_run_together() -> None:
    told = [("a", "b"), ("a,", "b"), ("ab", ""), ("", "ab"), ('a","b', ""), ("a", '","b')]
    assert len({reservation_id(*each) for each in told}) == len(told)


def test_what_several_give_back_is_summed_by_window() -> None:
    other = replace(HELD, held={SEARCH: Money.of(1)})
    expired = HELD.turned(HoldStatus.EXPIRED)
    assert freed([HELD, other, expired]) == {SEARCH: Money.of(11), ALL: TEN}


@for_all(
    spread=some.lists(some.integers(1, 8), max_size=60),
    most=some.integers(9, 30),
)
def test_groups_keep_everything_in_order_and_fit(spread: list[int], most: int) -> None:
    due = [
        replace(HELD, id=f"{n}", held={BudgetWindow(f"{n % 7}-{m}", AT): TEN for m in range(size)})
        for n, size in enumerate(spread)
    ]
    found = list(groups(due, most))
    assert [each for group in found for each in group] == due

    def items(*reservations: Reservation) -> int:
        return len(reservations) + len(freed(reservations))

    assert all(items(*group) <= most for group in found)
    for group, following in pairwise(found):
        assert items(*group, following[0]) > most  # none would have had room for the next


@for_all(
    available=some.integers(-(10**15), 10**15),
    least=some.integers(1, 10**14),
    more=some.integers(0, 10**14),
)
def test_a_slice_is_between_the_least_and_what_is_wanted(
    available: int, least: int, more: int
) -> None:
    left, smallest = Money.from_units(available), Money.from_units(least)
    wanted = Money.from_units(least + more)
    drawn = slice_of(left, wanted, smallest)
    if available < least:
        assert drawn is None
    else:
        assert drawn is not None
        assert smallest <= drawn <= wanted
        assert drawn == smallest or drawn.units <= available // 4


def price(*tiers: ContextTier) -> TokenPrice:
    return TokenPrice(provider="p", model="m", source="test", tiers=tiers)


def test_the_worst_case_takes_the_dearest_class_of_the_tier_that_is_reached() -> None:
    short = TokenRates(input=Decimal(2), output=Decimal(8), cache_write_1h=Decimal(4))
    long = TokenRates(
        input=Decimal(3),
        output=Decimal(10),
        reasoning=Decimal(12),
        per_thousand_requests=Decimal(5),
    )
    both = price(ContextTier(0, short), ContextTier(200_000, long))
    assert worst_case(both, 100_000, 1_000) == Money.of("0.408")  # 0.1M x $4 + 0.001M x $8
    assert worst_case(both, 300_000, 1_000) == Money.of("0.917")  # 0.9 + 0.012 + a fee of 0.005
