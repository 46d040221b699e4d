"""Sixty-four reservers at once, half of their transactions in each other's way."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Lock
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bursar.domain.admission.answers import Admitted, Busy, Refused
from bursar.domain.admission.reservations import HoldRefusal, HoldRefusedError, Reservation
from bursar.domain.money import Money
from tests.contract.admission_books import AT, BUDGETS, SEARCH, Gate, gate_on, with_ports

RESERVERS = 64
FIT = 14  # times $7 in $100


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # threads take turns in the middle of things
    with ThreadPoolExecutor(RESERVERS) as threads:
        yield threads
    sys.setswitchinterval(before)


def race(gate: Gate, pool: ThreadPoolExecutor, trial: int = 0) -> Counter[type]:
    """What 64 are answered, once it is sure that they are not more than fit."""

    def ask(n: int) -> type:
        return type(gate.ask(f"{trial}-{n}", amount="7"))

    answers = Counter(pool.map(ask, range(RESERVERS)))
    assert set(answers) <= {Admitted, Refused, Busy}
    assert sum(answers.values()) == RESERVERS
    held = Money.of(7).times(answers[Admitted])
    for window in gate.admission.budgets.windows_at(gate.admission.budgets.facts(SEARCH), AT):
        balance = gate.balance(window.budget_id)
        assert balance.reserved == held
        assert balance.available == balance.limit - held >= Money.zero()
    assert answers[Admitted] <= FIT
    if answers[Refused]:  # nobody is refused while there is room
        assert answers[Admitted] == FIT
    return answers


class InTheWay:
    """Of reservations, half meet a TransactionConflict."""

    def __init__(self, store: Any, random: Random) -> None:
        self._store, self._random = store, random
        self.conflicts = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def reserve(self, reservation: Reservation) -> None:
        if self._random.random() < 0.5:
            self.conflicts += 1
            raise HoldRefusedError(HoldRefusal.BUSY)
        self._store.reserve(reservation)


def test_in_memory_the_limit_holds_a_thousand_times(pool: ThreadPoolExecutor) -> None:
    total: Counter[type] = Counter()
    random, conflicts = Random(1), 0
    for _ in range(1_000):
        gate = gate_on(None)
        store = InTheWay(gate.admission.reservations, random)
        total += race(with_ports(gate, reservations=store), pool)
        conflicts += store.conflicts
    assert conflicts > 10_000
    assert set(total) == {Admitted, Refused, Busy}  # 1 of 256 runs out of eight tries


@pytest.fixture
def contended(dynamodb_table: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The table; half of its transactions are cancelled by another one that is in the way."""
    client, random, lock = dynamodb_table.meta.client, Random(2), Lock()
    call = client._make_api_call

    def in_the_way(operation: str, request: Any) -> Any:
        with lock:
            unlucky = random.random() < 0.5
        if operation == "TransactWriteItems" and unlucky:
            reasons = [{"Code": "None"} for _ in request["TransactItems"]]
            reasons[1]["Code"] = "TransactionConflict"
            error = {"Code": "TransactionCanceledException", "Message": "in the way"}
            raise ClientError({"Error": error, "CancellationReasons": reasons}, operation)
        return call(operation, request)

    monkeypatch.setattr(client, "_make_api_call", in_the_way)
    return dynamodb_table


def test_on_a_table_the_limit_holds_ten_times(contended: Any, pool: ThreadPoolExecutor) -> None:
    for trial in range(10):
        own = [each.model_copy(update={"id": f"{each.id}-{trial}"}) for each in BUDGETS]
        race(gate_on(contended, *own), pool, trial)
