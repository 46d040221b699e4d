"""Approved exceptions where spending is admitted: drawn on beyond the limit, and given back."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from itertools import permutations
from random import Random
from typing import Any

import pytest

from bursar.domain.admission.answers import Admitted, Busy, Leased, Refused
from bursar.domain.admission.reservations import reservation_id
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.money import Money
from bursar.domain.scopes import Dimension
from bursar.jobs.cover_overruns import cover_overruns
from bursar.jobs.open_windows import open_windows
from bursar.jobs.release_expired import release_expired
from bursar.jobs.release_reservation import release_reservation
from bursar.jobs.settle_reservation import settle_reservation
from tests.contract.admission_books import (
    AT,
    LATER,
    NOVEMBER,
    Gate,
    approve,
    budget,
    enforced,
    gate_on,
    usage,
    with_ports,
)
from tests.contract.test_admission_contention import InTheWay
from tests.contract.test_admission_orders import FAULTS, Calls, again
from tests.contract.test_reservation_store import DECEMBER, lease

SEARCH = budget("search", "tenant=search")
AFTER = AT + timedelta(minutes=3)  # the end of exceptions that are to end in between


@pytest.fixture
def gate(backing: Any) -> Gate:
    return gate_on(backing, SEARCH)


def left(gate: Gate, exception: str = "E1") -> str:
    found = gate.admission.raised.allowances.allowance(exception)
    assert found is not None
    return found.remaining.plain()


def limit(gate: Gate) -> str:
    return gate.balance().limit.plain()


def settle(gate: Gate, key: str, usd: str) -> Any:
    id_ = reservation_id("gateway", key)
    return settle_reservation(id_, "gateway", Money.of(usd), LATER, gate.admission)


def test_only_the_part_beyond_the_limit_is_drawn(gate: Gate) -> None:
    approve(gate, "50")
    gate.admitted("a", "90")
    assert left(gate) == "50"
    held = gate.admitted("b", "30")
    assert [each.amount for each in held.drawn] == [Money.of(20)]
    assert (left(gate), limit(gate), gate.numbers()) == ("30", "120", ("0", "120", "0"))
    assert gate.ask("c", "31") == Refused("search", Money.of(30))
    assert gate.admission.reservations.find(held.id) == held


def test_a_limit_that_is_configured_anew_keeps_what_an_exception_raised_it_by(gate: Gate) -> None:
    """$100 raised by $20; configured as $110 it is $130, of which $120 are held."""
    approve(gate, "50")
    gate.admitted("a", "90")
    gate.admitted("b", "30")
    for _ in range(2):
        gate.books.windows.set_base(BudgetWindow("search", NOVEMBER), Money.of(110))
    assert (left(gate), limit(gate), gate.numbers()) == ("30", "130", ("0", "120", "10"))


def test_of_what_was_not_spent_the_exception_gets_its_part_back_first(gate: Gate) -> None:
    """$30 held, $20 of them drawn. $25 are spent: of $20 drawn, $5 go back."""
    approve(gate, "50")
    gate.admitted("a", "90")
    gate.admitted("b", "30")
    settle(gate, "b", "25")
    assert (left(gate), limit(gate), gate.numbers()) == ("35", "115", ("25", "90", "0"))


def test_the_usage_record_gives_back_as_a_settlement_does(gate: Gate) -> None:
    approve(gate, "50")
    gate.admitted("a", "90")
    gate.admitted("b", "30")
    gate.use(usage("b", "4"))
    assert (left(gate), limit(gate), gate.numbers()) == ("50", "100", ("4", "90", "6"))


def test_what_costs_more_than_was_held_keeps_its_draw_and_is_covered_by_the_rest(
    gate: Gate,
) -> None:
    approve(gate, "50")
    gate.admitted("a", "90")
    gate.admitted("b", "30")
    settle(gate, "b", "42")
    assert (left(gate), limit(gate), gate.numbers()) == ("30", "120", ("42", "90", "-12"))
    assert cover_overruns(AT, gate.admission) == 1
    assert (left(gate), limit(gate), gate.numbers()) == ("18", "132", ("42", "90", "0"))
    assert cover_overruns(AT, gate.admission) == 0


@pytest.mark.parametrize("way", ["release", "expire"])
def test_what_was_not_spent_at_all_goes_back(way: str, gate: Gate) -> None:
    approve(gate, "50")
    gate.admitted("a", "90", life=timedelta(hours=1))
    held = gate.admitted("b", "30")
    if way == "release":
        release_reservation(held.id, "gateway", gate.admission)
    else:
        release_expired(LATER, gate.admission)
    assert (left(gate), limit(gate), gate.numbers()) == ("50", "100", ("0", "90", "10"))


def test_when_it_ends_only_what_was_used_stays_in_the_limit(gate: Gate) -> None:
    """Base $100 and $20 used: $120. What is given back after the end vanishes."""
    approve(gate, "50", until=AFTER)
    gate.admitted("a", "90", life=timedelta(hours=1))
    gate.admitted("b", "30", life=timedelta(hours=1))
    assert gate.ask("c", "1", at=AFTER) == Refused("search", Money.zero())
    assert limit(gate) == "120"
    settle(gate, "b", "25")
    assert (limit(gate), gate.numbers()) == ("115", ("25", "90", "0"))
    assert gate.ask("d", "1", at=AFTER) == Refused("search", Money.zero())


def test_a_request_of_its_last_microsecond_draws_and_one_of_its_end_does_not(
    gate: Gate,
) -> None:
    approve(gate, "50", until=AFTER)
    gate.admitted("a", "100", life=timedelta(hours=1))
    assert isinstance(gate.ask("b", "1", at=AFTER - timedelta(microseconds=1)), Admitted)
    assert isinstance(gate.ask("c", "1", at=AFTER), Refused)


def test_a_parent_budget_refuses_as_before(backing: Any) -> None:
    gate = gate_on(backing, SEARCH, budget("all", "category=external_api", Money.of(110)))
    approve(gate, "50")
    gate.admitted("a", "100")
    gate.admitted("b", "10")
    assert gate.ask("c", "1") == Refused("all", Money.zero())
    assert (left(gate), gate.numbers("all")) == ("40", ("0", "110", "0"))


def test_an_exception_pays_for_what_it_was_granted_for_only(gate: Gate) -> None:
    approve(gate, "50", scope="tenant=search,model=gpt-y")
    gate.admitted("a", "100")
    assert gate.ask("b", "1") == Refused("search", Money.zero())
    other = {Dimension.TENANT: "search", Dimension.MODEL: "gpt-y"}
    assert isinstance(gate.ask("c", "1", scope=other), Admitted)


def test_two_exceptions_are_used_in_the_order_of_their_ends(gate: Gate) -> None:
    approve(gate, "5", id_="late", until=AT + timedelta(days=9))
    approve(gate, "5", id_="soon", until=AT + timedelta(days=8))
    gate.admitted("a", "107")
    assert (left(gate, "soon"), left(gate, "late")) == ("0", "3")
    settle(gate, "a", "106")
    assert (left(gate, "soon"), left(gate, "late")) == ("0", "4")


def test_what_was_spent_without_asking_is_covered_before_more_is_granted(gate: Gate) -> None:
    """$110 spent of $100: $10 of $50 are used up, $40 can be reserved."""
    approve(gate, "50")
    gate.use(usage("x", "110"))
    assert gate.ask("a", "41") == Refused("search", Money.of(40))
    gate.admitted("b", "40")
    assert (left(gate), limit(gate), gate.numbers()) == ("0", "150", ("110", "40", "0"))


def test_a_hold_across_two_months_takes_a_part_for_each(gate: Gate) -> None:
    """One number pays both: each dollar of it raises one window."""
    approve(gate, "50", until=DECEMBER + timedelta(days=9))
    at = DECEMBER - timedelta(minutes=2)
    gate.admitted("a", "120", at=at)
    assert left(gate) == "10"
    assert gate.balance(starts_at=NOVEMBER).limit == Money.of(120)
    assert gate.balance(starts_at=DECEMBER).limit == Money.of(120)
    id_ = reservation_id("gateway", "a")
    settle_reservation(id_, "gateway", Money.of(120), DECEMBER, gate.admission)
    assert (left(gate), gate.balance(starts_at=NOVEMBER).limit) == ("30", Money.of(100))


def test_leases_are_drawn_on_exceptions_too(gate: Gate) -> None:
    approve(gate, "40")
    gate.admitted("a", "100")
    drawn = lease(gate, "l", "40")
    assert isinstance(drawn, Leased)
    assert (drawn.reservation.amount, left(gate)) == (Money.of(10), "30")  # a quarter of $40
    release_expired(drawn.reservation.expires_at, gate.admission)
    assert (left(gate), limit(gate)) == ("40", "100")


def test_a_new_configured_limit_leaves_what_was_approved_on_top(gate: Gate) -> None:
    approve(gate, "50")
    gate.admitted("a", "120")
    changed = enforced(budget("search", "tenant=search", Money.of(130)))
    open_windows(AT, windows=gate.books.windows, budgets=changed)
    assert (limit(gate), gate.numbers()) == ("150", ("0", "120", "30"))


def balanced(gate: Gate, granted: str = "50") -> None:
    """What holds at every moment, whatever has happened."""
    balance = gate.balance()
    allowance = gate.admission.raised.allowances.allowance("E1")
    assert allowance is not None
    consumed = allowance.consumed.get(BudgetWindow("search", NOVEMBER), Money.zero())
    assert allowance.remaining + consumed == Money.of(granted)
    assert Money.zero() <= allowance.remaining
    assert Money.zero() <= consumed
    assert balance.limit == Money.of(100) + consumed
    assert balance.reserved >= Money.zero()
    assert balance.available == balance.limit - balance.spent - balance.reserved


SPENT = {"settle": "24", "usage": "23"}
EVENTS = ("reserve", "settle", "settle", "usage", "expire", "release", "end")


def steps(gate: Gate, key: str) -> dict[str, Callable[[Any], Any]]:
    """`end` is the end of the exception: what is asked after it is asked at that time."""
    id_ = reservation_id("gateway", key)
    return {
        "reserve": lambda at: gate.ask(key, "30", at=at),
        "settle": lambda _: settle(gate, key, SPENT["settle"]),
        "usage": lambda _: gate.use(usage(key, SPENT["usage"])),
        "expire": lambda _: release_expired(LATER + timedelta(minutes=5), gate.admission),
        "release": lambda _: release_reservation(id_, "gateway", gate.admission),
    }


def play(gate: Gate, order: tuple[str, ...], key: str = "k") -> None:
    at, taken = AT, steps(gate, key)
    for event in order:
        if event == "end":
            at = AFTER
            continue
        answer = taken[event](at)
        assert not isinstance(answer, Busy)
        balanced(gate)


def test_in_every_order_what_is_drawn_is_counted_once() -> None:
    """A third of 2,520 orders of seven steps; $90 are held by another, $10 are the limit's own."""
    orders = sorted(set(permutations(EVENTS)))
    assert len(orders) == 2520
    for order in orders[::3]:
        gate = gate_on(None, SEARCH)
        approve(gate, "50", until=AFTER)
        gate.admitted("another", "90", life=timedelta(days=1))
        play(gate, order)
        release_expired(AT + timedelta(days=2), gate.admission)
        balanced(gate)
        assert gate.balance().reserved == Money.zero()
        assert gate.balance().spent.plain() in SPENT.values()


def test_in_many_orders_on_a_table_too(dynamodb_table: Any) -> None:
    gate = gate_on(dynamodb_table, SEARCH)
    approve(gate, "50", until=AFTER)
    gate.admitted("another", "90", life=timedelta(days=1))
    for n, order in enumerate(Random(3).sample(sorted(set(permutations(EVENTS))), 6)):
        play(gate, order, str(n))
    release_expired(AT + timedelta(days=2), gate.admission)
    balanced(gate)
    assert gate.balance().reserved == Money.zero()


def race(gate: Gate, asked: int) -> list[Any]:
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(lambda n: gate.ask(f"r{n}", "7"), range(asked)))


def test_many_at_once_are_never_granted_more_than_limit_and_approval(backing: Any) -> None:
    """21 x $7 = $147 of $100 + $50."""
    gate = gate_on(backing, SEARCH)
    approve(gate, "50")
    answers = race(gate, 32)
    assert {type(each) for each in answers} <= {Admitted, Refused, Busy}
    admitted = sum(isinstance(each, Admitted) for each in answers)
    assert admitted <= 21
    if any(isinstance(each, Refused) for each in answers):
        assert admitted == 21
    balanced(gate)
    assert gate.balance().reserved == Money.of(7 * admitted)


def test_in_each_other_s_way_a_hundred_times_the_limit_and_the_approval_hold() -> None:
    """Half of the reservations meet a TransactionConflict."""
    random, told = Random(4), set[type]()
    for _ in range(100):
        gate = gate_on(None, SEARCH)
        approve(gate, "50")
        store = InTheWay(gate.admission.reservations, random)
        answers = race(with_ports(gate, reservations=store), 32)
        admitted = sum(isinstance(each, Admitted) for each in answers)
        assert admitted <= 21
        balanced(gate)
        assert gate.balance().reserved == Money.of(7 * admitted)
        told |= {type(each) for each in answers}
    assert told <= {Admitted, Refused, Busy}
    assert Admitted in told


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("way", ["settle", "usage", "expire", "release"])
def test_a_failure_at_any_call_draws_once_and_gives_back_once(way: str, fault: str) -> None:
    number, made = 1, 1
    while number <= made:
        gate = gate_on(None, SEARCH)
        approve(gate, "50")
        gate.admitted("another", "90", life=timedelta(days=1))
        calls = Calls(number, fault)
        ports = ("reservations", "ledger", "windows")
        faulty = with_ports(
            gate, **{name: calls.around(getattr(gate.admission, name)) for name in ports}
        )
        taken = steps(faulty, "k")
        assert isinstance(again(partial(taken["reserve"], AT)), Admitted)
        assert (left(gate), gate.numbers()) == ("30", ("0", "120", "0"))
        again(partial(taken[way], AT))
        balanced(gate)
        spent = Money.of(SPENT.get(way, "0"))
        assert gate.balance().spent == spent
        assert left(gate) == (Money.of(50) - max(spent - Money.of(10), Money.zero())).plain()
        made, number = calls.made, number + 1
    assert number > 2
