"""Every order of what can happen to a reservation, and a failure at every call on the way."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import permutations
from random import Random
from typing import Any

import pytest

from bursar.domain.admission.answers import Admitted, Busy, Closed
from bursar.domain.admission.reservations import (
    HoldRefusal,
    HoldRefusedError,
    HoldStatus,
    HoldUnansweredError,
    reservation_id,
)
from bursar.domain.ledger.postings import (
    CancelReason,
    PostingCancelledError,
    PostingUnansweredError,
)
from bursar.domain.money import Money
from bursar.jobs.post_usage import LedgerBusyError
from bursar.jobs.release_expired import release_expired
from bursar.jobs.release_reservation import release_reservation
from bursar.jobs.settle_reservation import settle_reservation
from tests.contract.admission_books import AT, BUDGETS, LATER, Gate, gate_on, usage, with_ports

STEPS = ("reserve", "settle", "settle", "usage", "expire", "release")
ORDERS = sorted(set(permutations(STEPS)))  # 360: the two settlements are alike
SETTLED, USED = Money.of(4), Money.of(3)


def take(gate: Gate, step: str, key: str) -> Any:
    id_ = reservation_id("gateway", key)
    match step:
        case "reserve":
            return gate.ask(key)
        case "settle":
            return settle_reservation(id_, "gateway", SETTLED, LATER, gate.admission)
        case "usage":
            return gate.use(usage(key, USED.plain()))
        case "expire":
            return release_expired(LATER, gate.admission)
        case _:
            return release_reservation(id_, "gateway", gate.admission)


def play(gate: Gate, order: tuple[str, ...], key: str) -> Money:
    """Take the steps in order, and what was spent: by whichever told of it first."""
    spent = Money.zero()
    for step in order:
        answer = take(gate, step, key)
        assert not isinstance(answer, Busy)
        told = step == "usage" or (step == "settle" and isinstance(answer, Closed))
        if told and not spent:
            spent = USED if step == "usage" else SETTLED
        for each in BUDGETS:
            balance = gate.balance(each.id)
            assert balance.reserved >= Money.zero()
            assert balance.available == balance.limit - balance.spent - balance.reserved
    return spent


def check(gate: Gate, spent: Money) -> None:
    for each in BUDGETS:
        assert gate.balance(each.id).spent == spent
        assert gate.balance(each.id).reserved == Money.zero()
    hours = {AT.replace(minute=0), LATER.replace(minute=0)}
    leaves = [leaf for hour in hours for leaf in gate.books.ledger.leaves(hour).values()]
    assert Money.sum(leaf.amounts.usd for leaf in leaves) == spent
    assert gate.books.conflicts.recent() == []


def test_in_every_order_it_is_spent_once_and_nothing_stays_reserved() -> None:
    assert len(ORDERS) == 360
    for order in ORDERS:
        gate = gate_on(None)
        spent = play(gate, order, "k")
        assert spent in (SETTLED, USED)
        release_expired(LATER, gate.admission)
        check(gate, spent)


def test_in_many_orders_on_a_table_it_is_spent_once_too(dynamodb_table: Any) -> None:
    gate = gate_on(dynamodb_table)
    sample = Random(5).sample(ORDERS, 20)
    spent = Money.sum(play(gate, order, str(n)) for n, order in enumerate(sample))
    release_expired(LATER, gate.admission)
    check(gate, spent)


class CrashError(Exception):
    """The process ended here."""


class Calls:
    """Every port of admission; the call of one number fails: before it, after it, or unheard."""

    def __init__(self, number: int, fault: str) -> None:
        self._number, self._fault = number, fault
        self.made = 0

    def around(self, port: Any) -> Any:
        return _Faulty(port, self)

    def call(self, name: str, work: Callable[[], Any]) -> Any:
        self.made += 1
        fault = self._fault if self.made == self._number else ""
        if fault == "busy" and (refusal := BUSY.get(name)):
            raise refusal
        if fault == "crash before":
            raise CrashError
        answer = work()
        if fault == "crash after":
            raise CrashError
        if fault == "lost" and (lost := LOST.get(name)):
            raise lost
        return answer


BUSY = {
    "reserve": HoldRefusedError(HoldRefusal.BUSY),
    "close": HoldRefusedError(HoldRefusal.BUSY),
    "post": PostingCancelledError(CancelReason.CONFLICT),
}
LOST = {
    "reserve": HoldUnansweredError(),
    "close": HoldUnansweredError(),
    "post": PostingUnansweredError(),
}
FAULTS = ("crash before", "crash after", "lost", "busy")


class _Faulty:
    def __init__(self, port: Any, calls: Calls) -> None:
        self._port, self._calls = port, calls

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        return lambda *given, **named: self._calls.call(name, lambda: method(*given, **named))


def again(work: Callable[[], Any]) -> Any:
    """As a client or a queue does: until it is answered."""
    while True:
        try:
            return work()
        except (CrashError, LedgerBusyError):
            continue


STORIES = (
    ("reserve", "settle", "usage"),
    ("reserve", "usage", "settle"),
    ("reserve", "release", "usage"),
    ("reserve", "expire", "settle", "usage"),
    ("reserve", "expire", "usage"),
)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("story", STORIES, ids="-".join)
def test_a_failure_at_any_call_changes_nothing_in_the_end(
    story: tuple[str, ...], fault: str, backing: Any
) -> None:
    gate = gate_on(backing)
    spent, number, made = Money.zero(), 1, 1
    while number <= made:
        calls = Calls(number, fault)
        ports = ("reservations", "ledger", "windows")
        faulty = with_ports(
            gate, **{name: calls.around(getattr(gate.admission, name)) for name in ports}
        )
        key = f"{number}"
        for step in story:
            answer = again(partial(take, faulty, step, key))
            if step == "reserve":
                assert isinstance(answer, Admitted)
        spent += SETTLED if "settle" in story[: story.index("usage")] else USED
        made, number = calls.made, number + 1
    assert number > len(story)
    release_expired(LATER, gate.admission)
    check(gate, spent)
    last = gate.admission.reservations.find(reservation_id("gateway", "1"))
    assert last is not None
    assert (
        last.status
        is {
            "settle": HoldStatus.SETTLED,
            "usage": HoldStatus.SETTLED,
            "release": HoldStatus.RELEASED,
            "expire": HoldStatus.SETTLED_LATE,
        }[story[1]]
    )
