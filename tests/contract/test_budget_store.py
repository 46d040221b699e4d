"""What every budget store does: one writer at a time, and a state never without its messages."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from bursar.adapters.dynamodb.budgets import DynamoBudgetStore
from bursar.adapters.dynamodb.outbox import DynamoOutbox
from bursar.adapters.memory.budgets import MemoryBudgetStore, MemoryOutbox
from bursar.domain.money import Money
from bursar.domain.periods import Period, Window, window_of
from bursar.ports import BudgetStore, Outbox
from tests.contract.alerts_and_states import NOON, NOVEMBER, row, state


class Stores(NamedTuple):
    budgets: BudgetStore
    outbox: Outbox

    def waiting(self) -> list[str]:
        return [each.id for each in self.outbox.unsent(NOON + timedelta(days=1))]


@pytest.fixture
def stores(backing: Any) -> Stores:
    if backing is None:
        outbox = MemoryOutbox()
        return Stores(MemoryBudgetStore(outbox), outbox)
    return Stores(DynamoBudgetStore(backing), DynamoOutbox(backing))


def test_a_window_of_which_nothing_was_said_has_no_state(stores: Stores) -> None:
    assert stores.budgets.state("search", NOVEMBER) is None


def test_a_state_survives_to_its_last_digit(stores: Stores) -> None:
    told = state("-0.000000000001", projected=Money.of("99999999999999.000000000001"))
    assert stores.budgets.commit(None, told, [])
    assert stores.budgets.state("search", NOVEMBER) == told


def test_the_next_version_replaces_the_one_before(stores: Stores) -> None:
    first, second = state(), state("90", version=2)
    assert stores.budgets.commit(None, first, [])
    assert stores.budgets.commit(first, second, [])
    assert stores.budgets.state("search", NOVEMBER) == second


def test_a_stale_writer_changes_nothing_and_tells_nobody(stores: Stores) -> None:
    first, second = state(), state("90", version=2)
    stores.budgets.commit(None, first, [row("BR-1")])
    stores.budgets.commit(first, second, [row("BR-2")])
    assert not stores.budgets.commit(first, state("95", version=2), [row("BR-3")])
    assert not stores.budgets.commit(None, state("96"), [row("BR-4")])
    assert stores.budgets.state("search", NOVEMBER) == second
    assert stores.waiting() == ["BR-1", "BR-2"]


def test_a_state_that_is_gone_refuses_its_next_version(stores: Stores) -> None:
    assert not stores.budgets.commit(state(), state("90", version=2), [row()])
    assert stores.budgets.state("search", NOVEMBER) is None
    assert stores.waiting() == []


def test_of_writers_at_the_same_time_one_wins_with_its_message(dynamodb_table: Any) -> None:
    budgets = DynamoBudgetStore(dynamodb_table)

    def write(n: int) -> bool:
        return budgets.commit(None, state(str(n)), [row(f"BR-{n}")])

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(write, range(1, 5)))
    assert won.count(True) == 1
    winner = won.index(True) + 1
    kept = budgets.state("search", NOVEMBER)
    assert kept is not None
    assert kept.spent == Money.of(winner)
    assert Stores(budgets, DynamoOutbox(dynamodb_table)).waiting() == [f"BR-{winner}"]


def test_budgets_and_windows_are_apart(stores: Stores) -> None:
    december = Window(NOVEMBER.end, datetime(2027, 1, 1, tzinfo=NOVEMBER.end.tzinfo))
    stores.budgets.commit(None, state(), [])
    stores.budgets.commit(None, state("1", starts_at=december.start, ends_at=december.end), [])
    stores.budgets.commit(None, state("2", budget_id="search-2"), [])
    spent = [
        found.spent.plain() if (found := stores.budgets.state(name, window)) else None
        for name, window in (("search", NOVEMBER), ("search", december), ("search-2", NOVEMBER))
    ]
    assert spent == ["80.000000000001", "1", "2"]


def test_a_window_is_found_by_its_instant_in_whatever_zone(stores: Stores) -> None:
    kolkata = ZoneInfo("Asia/Kolkata")  # 5:30 from UTC: its midnight is no full hour
    window = window_of(Period.MONTH, NOON, kolkata)
    told = state(starts_at=window.start, ends_at=window.end)
    stores.budgets.commit(None, told, [])
    local = Window(window.start.astimezone(kolkata), window.end.astimezone(kolkata))
    assert stores.budgets.state("search", local) == told


def test_a_message_of_a_commit_waits_even_if_one_of_its_id_was_sent(stores: Stores) -> None:
    """The state decides what is told; dropping the message here would lose it for good."""
    stores.outbox.post(row())
    stores.outbox.mark_sent(row(), NOON)
    assert stores.budgets.commit(None, state(), [row()])
    assert stores.waiting() == ["BR-1"]


def test_the_numbers_that_are_compared_are_numbers(dynamodb_table: Any) -> None:
    DynamoBudgetStore(dynamodb_table).commit(None, state("80.000000000001"), [])
    (item,) = dynamodb_table.scan()["Items"]
    assert [str(item[name].normalize()) for name in ("limit", "spent", "available")] == [
        "1E+2",
        "80.000000000001",
        "19.999999999999",
    ]
