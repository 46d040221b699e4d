"""What every stop store does: all of a step or nothing, and one count under any concurrency."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from bursar.adapters.dynamodb.governance.audit import DynamoAudit
from bursar.adapters.dynamodb.ledger.windows import DynamoEnforcedWindows
from bursar.adapters.dynamodb.outbox import DynamoOutbox
from bursar.adapters.dynamodb.stops import DynamoStops
from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.governance import MemoryAudit
from bursar.adapters.memory.ledger import MemoryLedger
from bursar.adapters.memory.stops import MemoryStops
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.money import Money
from bursar.domain.stops.changes import AuditAction, StopChange, change
from bursar.domain.stops.counting import StopCount, most_alone
from bursar.domain.stops.records import Ending, Stop, activated, ended
from bursar.domain.stops.rules import Action
from bursar.ports import EnforcedWindows, Outbox, StopStore
from tests.unit.domain.stops.samples import AT, NOVEMBER, a_stop

WINDOW = BudgetWindow("search", NOVEMBER.start)
QUOTA = (Action.CAP_ACCELERATORS,)


class Stores(NamedTuple):
    stops: StopStore
    audit: MemoryAudit | DynamoAudit
    outbox: Outbox
    windows: EnforcedWindows

    def write(self, old: Stop | None, new: Stop, count: StopCount | None = None) -> bool:
        return self.stops.commit(step(old, new, count))


@pytest.fixture
def stores(backing: Any) -> Stores:
    return stores_on(backing)


def stores_on(backing: Any) -> Stores:
    if backing is None:
        outbox, audit, ledger = MemoryOutbox(), MemoryAudit(), MemoryLedger()
        stores = Stores(MemoryStops(outbox, audit, ledger), audit, outbox, ledger)
    else:
        windows = DynamoEnforcedWindows(backing)
        stores = Stores(DynamoStops(backing), DynamoAudit(backing), DynamoOutbox(backing), windows)
    stores.windows.open(WINDOW, Money.of(100))
    return stores


def step(old: Stop | None, new: Stop, count: StopCount | None = None) -> StopChange:
    return change(AuditAction.APPLIED, "bursar", AT, old, new, count=count)


def is_stopped(stores: Stores) -> bool:
    balance = stores.windows.balance(WINDOW)
    assert balance is not None
    return balance.stopped


def test_what_nobody_stopped_is_not_there(stores: Stores) -> None:
    assert stores.stops.find("search-20261101-automatic-1") is None
    assert list(stores.stops.open()) == list(stores.stops.recent()) == []
    assert stores.stops.count() == StopCount()


def test_a_stop_is_kept_whole_with_its_message_and_audit(stores: Stores) -> None:
    stop = a_stop()
    assert stores.write(None, stop)
    assert stores.stops.find(stop.id) == stop
    assert [row.alert.kind for row in stores.outbox.unsent(AT)] == ["stop.proposed"]
    (kept,) = stores.audit.waiting(9)
    assert kept == step(None, stop).audit
    assert not stores.write(None, stop)


def test_a_stop_and_its_window_turn_together(stores: Stores) -> None:
    proposed = a_stop()
    active = activated(proposed, AT, "ada")
    over = ended(active, Ending.PERSON, "no", AT)
    seen = []
    for old, new in ((None, proposed), (proposed, active), (active, over)):
        assert stores.write(old, new)
        seen.append(is_stopped(stores))
    assert seen == [False, True, False]


def test_a_stop_of_a_window_that_is_not_open_is_not_written(stores: Stores) -> None:
    stop = activated(a_stop().model_copy(update={"budget": "nobody"}), AT)
    assert not stores.write(None, stop)
    assert stores.stops.find(stop.id) is None
    assert stores.audit.waiting(9) == []


def test_of_two_steps_from_the_same_reading_one_is_written(stores: Stores) -> None:
    stop = a_stop()
    stores.write(None, stop)
    assert stores.write(stop, ended(stop, Ending.PERSON, "no", AT))
    assert not stores.write(stop, activated(stop, AT, "ada"))
    assert not is_stopped(stores)
    assert len(stores.audit.waiting(9)) == 2


def test_open_ones_are_listed_oldest_first_and_all_newest_first(stores: Stores) -> None:
    stops = [a_stop(f"s-{n}", at=AT + timedelta(hours=n)) for n in range(3)]
    for stop in stops:
        assert stores.write(None, stop)
    assert stores.write(stops[1], ended(stops[1], Ending.EXPIRY, "late", AT))
    assert [each.id for each in stores.stops.open()] == ["s-0", "s-2"]
    assert [each.id for each in stores.stops.recent()] == ["s-2", "s-1", "s-0"]


def test_a_stop_that_did_not_see_the_last_count_is_not_written(stores: Stores) -> None:
    count = stores.stops.count()
    first, second = (activated(a_stop(f"s-{n}", actions=QUOTA), AT) for n in range(2))
    assert stores.write(None, first, count.with_(first.id, AT))
    assert not stores.write(None, second, count.with_(second.id, AT))
    assert stores.stops.find(second.id) is None
    assert stores.stops.count().lately(AT) == 1


def test_no_more_stops_than_a_twentieth_of_the_tenants_whoever_races(backing: Any) -> None:
    """60 tenants: 3 may be stopped alone; eight runs want one each, and five are left."""
    stores = stores_on(backing)
    most = most_alone(60)

    def stop(n: int) -> bool:
        new = activated(a_stop(f"s-{n}", actions=QUOTA), AT)
        while (count := stores.stops.count()).lately(AT) < most:
            if stores.write(None, new, count.with_(new.id, AT)):
                return True
        return False

    with ThreadPoolExecutor(4) as pool:
        went_ahead = list(pool.map(stop, range(8)))
    assert went_ahead.count(True) == most == 3
    assert stores.stops.count().lately(AT) == 3
    assert len(stores.stops.open()) == 3
