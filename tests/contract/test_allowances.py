"""Allowances in the table end as the domain says, under whatever is tried."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from bursar.adapters.dynamodb.governance import allowances
from bursar.adapters.dynamodb.governance.exceptions import DynamoExceptions
from bursar.adapters.dynamodb.transactions import transact
from bursar.adapters.memory.governance import MemoryExceptions
from bursar.domain.governance import consumption
from bursar.domain.governance.consumption import (
    Allowance,
    AllowanceError,
    AllowanceExhaustedError,
)
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.money import Money
from tests.contract.exception_stores import stores_on
from tests.unit.governance.world import MILLISECOND, NOON, request

UNTIL = NOON + timedelta(days=30)
NOVEMBER = BudgetWindow("search", NOON.replace(day=1, hour=0))
DECEMBER = BudgetWindow("search", NOON.replace(month=12, day=1, hour=0))
PURSE = BudgetWindow("gate:training-job", NOVEMBER.starts_at)
ADS = BudgetWindow("ads", NOVEMBER.starts_at)
GRANTED = Allowance.of("E1", request("120.000000000001", until=UNTIL), NOON)


@pytest.fixture
def table(dynamodb_table: Any) -> Any:
    assert transact(dynamodb_table, [allowances.put(GRANTED)])
    return dynamodb_table


def test_an_allowance_is_granted_once(table: Any) -> None:
    assert not transact(table, [allowances.put(GRANTED)])
    assert DynamoExceptions(table).allowance("E1") == GRANTED


def test_whatever_is_tried_the_table_holds_what_the_domain_says(table: Any) -> None:
    random, expected, store = Random(7), GRANTED, DynamoExceptions(table)
    for _ in range(60):
        amount = Money.of(random.randint(1, 70))
        window = random.choice([NOVEMBER, DECEMBER, ADS, PURSE])
        if random.random() < 0.2:
            old = expected
            expected = consumption.cover(old, amount, NOVEMBER, NOON)
            assert expected == old or store.replace(old, expected)
            assert expected == old or not store.replace(old, expected)
            continue
        if random.random() < 0.6:
            at = random.choice([NOON, UNTIL - MILLISECOND, UNTIL])
            action = allowances.debit("E1", {window: amount}, at)
        else:
            at, action = None, allowances.give_back("E1", {window: amount})
        try:
            if at is not None:
                expected = consumption.debit(expected, amount, window, at)
            else:
                expected = consumption.give_back(expected, amount, window)
            allowed = True
        except AllowanceError:
            allowed = False
        assert transact(table, [action]) is allowed
        assert store.allowance("E1") == expected
    assert expected.consumed  # something was used on the way


def test_debits_at_the_same_time_never_pass_the_amount(table: Any) -> None:
    def use(n: int) -> bool:
        window = (NOVEMBER, DECEMBER)[n % 2]
        return transact(table, [allowances.debit("E1", {window: Money.of(20)}, NOON)])

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(use, range(12))).count(True) == 6  # 6 x 20 of 120
    left = DynamoExceptions(table).allowance("E1")
    assert left is not None
    assert left.remaining == Money.of("0.000000000001")


def test_in_memory_a_debit_is_the_domain_s() -> None:
    stores = stores_on(None)
    stores.exceptions.commit(opened := stores.opening("E1", "100"))
    stores.exceptions.commit(stores.deciding(opened.new, "emil"))
    memory = stores.exceptions
    assert isinstance(memory, MemoryExceptions)
    memory.debit("E1", Money.of(60), NOVEMBER, NOON)
    with pytest.raises(AllowanceExhaustedError):
        memory.debit("E1", Money.of(60), DECEMBER, NOON)
    memory.give_back("E1", Money.of(20), NOVEMBER)
    left = memory.allowance("E1")
    assert left is not None
    assert left.remaining == Money.of(60)


def test_a_debit_of_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="above 0"):
        allowances.debit("E1", {NOVEMBER: Money.zero()}, NOON)
