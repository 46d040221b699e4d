"""A window that is stopped grants nothing, whatever is left of it, and goes on being charged."""

from __future__ import annotations

from typing import Any

import pytest

from bursar.adapters.dynamodb.ledger import windows
from bursar.adapters.dynamodb.transactions import transact
from bursar.domain.admission.answers import Admitted, Leased, Refused
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.money import Money
from bursar.jobs.settle_reservation import settle_reservation
from tests.contract.admission_books import AT, NOVEMBER, Gate, gate_on, usage
from tests.contract.test_reservation_store import lease

SEARCH = BudgetWindow("search", NOVEMBER)
UNOPENED = BudgetWindow("nobody", NOVEMBER)


class Stopping:
    """Stops and resumes windows as the stop's own transaction does."""

    def __init__(self, backing: Any, gate: Gate) -> None:
        self._backing, self._ledger = backing, gate.books.ledger

    def stop(self, stop_id: str, window: BudgetWindow = SEARCH) -> bool:
        if self._backing is None:
            return bool(self._ledger.stop(window, stop_id))
        return transact(self._backing, [{"Update": windows.stop(window, stop_id)}])

    def resume(self, stop_id: str) -> bool:
        if self._backing is None:
            return bool(self._ledger.resume(SEARCH, stop_id))
        return transact(self._backing, [{"Update": windows.resume(SEARCH, stop_id)}])


@pytest.fixture
def gate(backing: Any) -> Gate:
    return gate_on(backing)


@pytest.fixture
def stopping(backing: Any, gate: Gate) -> Stopping:
    return Stopping(backing, gate)


def test_nothing_is_granted_while_money_is_left(gate: Gate, stopping: Stopping) -> None:
    assert stopping.stop("one")
    assert gate.numbers() == ("0", "0", "100")
    assert gate.balance().stopped
    assert gate.ask(amount="1") == Refused("search", Money.zero())
    assert lease(gate, "l", "5") == Refused("search", Money.zero())


def test_the_last_of_several_stops_lets_go(gate: Gate, stopping: Stopping) -> None:
    for name in ("one", "two", "two"):
        assert stopping.stop(name)
    assert stopping.resume("two")
    assert isinstance(gate.ask("a"), Refused)
    assert stopping.resume("one")
    assert not gate.balance().stopped
    assert isinstance(gate.ask("b"), Admitted)
    assert isinstance(lease(gate, "l", "5"), Leased)


def test_what_was_granted_before_is_settled_and_other_usage_is_charged(
    gate: Gate, stopping: Stopping
) -> None:
    """$100 - $3 settled of a hold of $10 - $4 that nobody asked for."""
    held = gate.admitted("a", "10")
    stopping.stop("one")
    settle_reservation(held.id, "gateway", Money.of(3), AT, gate.admission)
    gate.use(usage("b", "4"))
    assert gate.numbers() == ("7", "0", "93")


def test_a_window_that_is_not_open_cannot_be_stopped(gate: Gate, stopping: Stopping) -> None:
    assert not stopping.stop("one", UNOPENED)
    assert gate.books.windows.balance(UNOPENED) is None
