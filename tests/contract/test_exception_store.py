"""What every exception store does: all of a step or nothing, and one step at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from bursar.domain.governance.changes import TaskToken
from bursar.domain.governance.consumption import Allowance
from bursar.domain.governance.decisions import Choice
from bursar.domain.governance.exceptions import Status
from bursar.domain.money import Money
from tests.contract.exception_stores import Stores, stores_on
from tests.unit.governance.world import DIRECTOR, EM, MILLISECOND, NOON


@pytest.fixture
def stores(backing: Any) -> Stores:
    return stores_on(backing)


def test_what_nobody_asked_for_is_not_there(stores: Stores) -> None:
    assert stores.exceptions.find("E1") is None
    assert stores.exceptions.allowance("E1") is None
    assert stores.exceptions.latest("E1", EM) is None
    assert list(stores.exceptions.decisions("E1")) == []
    count = stores.exceptions.split("search", "training-job")
    assert (count.version, count.counted) == (0, ())


def test_an_exception_is_kept_whole_with_its_count_message_and_audit(stores: Stores) -> None:
    step = stores.opening()
    assert stores.exceptions.commit(step)
    assert stores.exceptions.find("E1") == step.new
    assert stores.exceptions.split("search", "training-job") == step.split
    assert [row.alert.kind for row in stores.outbox.unsent(NOON)] == ["exception.asked"]
    assert stores.audited() == ["E1-1"]
    (kept,) = stores.audit.waiting(9)
    assert kept == step.audit


def test_a_decision_is_kept_with_its_comment_and_an_approval_with_its_allowance(
    stores: Stores,
) -> None:
    stores.exceptions.commit(step := stores.opening())
    for person in ("emil", "dirk"):
        step = stores.deciding(step.new, person)
        assert stores.exceptions.commit(step)
    found = stores.exceptions.find("E1")
    assert found is not None
    assert (found, found.status) == (step.new, Status.APPROVED)
    decisions = stores.exceptions.decisions("E1")
    told = [(each.number, each.person, each.tier, each.comment) for each in decisions]
    assert told == [(1, "emil", EM, "because"), (2, "dirk", DIRECTOR, "because")]
    expected = Allowance.of("E1", step.new.request, NOON)
    assert expected.remaining == Money.of("50000.000000000001")
    assert stores.exceptions.allowance("E1") == expected
    for at, listed in ((expected.until - MILLISECOND, [expected]), (expected.until, [])):
        assert stores.exceptions.ending_after(at) == listed
    assert stores.audited() == ["E1-1", "E1-2", "E1-3"]


def test_of_two_decisions_on_the_same_reading_one_is_written(stores: Stores) -> None:
    stores.exceptions.commit(opened := stores.opening())
    yes = stores.deciding(opened.new, "emil")
    no = stores.deciding(opened.new, "vito", Choice.DENY)
    assert stores.exceptions.commit(no)
    assert not stores.exceptions.commit(yes)
    assert stores.exceptions.find("E1") == no.new
    assert [each.choice for each in stores.exceptions.decisions("E1")] == [Choice.DENY]
    assert len(stores.audited()) == len(stores.outbox.unsent(NOON)) == 2


def test_the_same_step_twice_is_written_once(stores: Stores) -> None:
    step = stores.opening()
    assert stores.exceptions.commit(step)
    assert not stores.exceptions.commit(step)
    decided = stores.deciding(step.new, "emil")
    assert stores.exceptions.commit(decided)
    assert not stores.exceptions.commit(decided)


def test_a_request_that_did_not_see_its_sibling_is_not_written(stores: Stores) -> None:
    """Both of 30,000 would need one tier alone; together they are 60,000, which needs two."""
    first, second = stores.opening("E1", "30000"), stores.opening("E2", "30000")
    assert stores.exceptions.commit(first)
    assert not stores.exceptions.commit(second)
    assert stores.exceptions.find("E2") is None
    assert stores.exceptions.commit(again := stores.opening("E2", "30000"))
    assert [each.tier.name for each in again.new.consents] == [EM, DIRECTOR]


def test_a_decision_that_did_not_see_a_new_sibling_is_not_written(stores: Stores) -> None:
    stores.exceptions.commit(opened := stores.opening("E1", "30000"))
    decided = stores.deciding(opened.new, "emil")
    stores.exceptions.commit(stores.opening("E2", "30000"))
    assert not stores.exceptions.commit(decided)
    assert stores.exceptions.find("E1") == opened.new


def test_a_token_is_stored_while_its_tier_is_asked(stores: Stores) -> None:
    assert not stores.exceptions.put(TaskToken("E1", 1, EM, "nothing is there yet"))
    stores.exceptions.commit(opened := stores.opening())
    assert stores.exceptions.put(TaskToken("E1", 1, EM, "old"))
    assert stores.exceptions.put(TaskToken("E1", 1, EM, "new"))
    assert stores.exceptions.latest("E1", EM) == TaskToken("E1", 1, EM, "new")
    assert not stores.exceptions.put(TaskToken("E1", 1, DIRECTOR, "early"))
    assert not stores.exceptions.put(TaskToken("E1", 2, EM, "another version"))
    stores.exceptions.commit(stores.deciding(opened.new, "emil"))
    assert not stores.exceptions.put(TaskToken("E1", 1, EM, "late"))
    assert stores.exceptions.put(TaskToken("E1", 1, DIRECTOR, "next"))
    assert stores.exceptions.latest("E1", EM) == TaskToken("E1", 1, EM, "new")


def test_a_closed_exception_takes_no_token(stores: Stores) -> None:
    stores.exceptions.commit(opened := stores.opening())
    stores.exceptions.commit(stores.deciding(opened.new, "emil", Choice.DENY))
    assert not stores.exceptions.put(TaskToken("E1", 1, EM, "late"))


def test_all_are_listed_and_those_that_are_pending(stores: Stores) -> None:
    for name in ("E1", "E2", "E3"):
        assert stores.exceptions.commit(stores.opening(name, "1"))
    second = stores.exceptions.find("E2")
    assert second is not None
    assert stores.exceptions.commit(stores.deciding(second, "emil"))
    assert [each.id for each in stores.exceptions.recent()] == ["E3", "E2", "E1"]
    assert [each.id for each in stores.exceptions.pending()] == ["E1", "E3"]


def test_of_deciders_at_the_same_time_one_wins(dynamodb_table: Any) -> None:
    stores = stores_on(dynamodb_table)
    stores.exceptions.commit(opened := stores.opening())
    steps = [
        stores.deciding(opened.new, person, choice)
        for person in ("emil", "vito", "emma", "sven")
        for choice in Choice
    ]
    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(stores.exceptions.commit, steps))
    assert won.count(True) == 1
    assert stores.exceptions.find("E1") == steps[won.index(True)].new
    assert len(stores.exceptions.decisions("E1")) == 1
    assert stores.audited() == ["E1-1", "E1-2"]


def test_siblings_filed_at_the_same_time_are_all_counted(dynamodb_table: Any) -> None:
    """Eight of 20,000: the third is the first that makes 50,000, the fifth 100,000."""
    stores = stores_on(dynamodb_table)

    def file(n: int) -> int:
        for _ in range(100):
            if stores.exceptions.commit(step := stores.opening(f"E{n}", "20000")):
                return len(step.new.consents)
        raise AssertionError(f"E{n} was never written")

    with ThreadPoolExecutor(4) as pool:
        needed = sorted(pool.map(file, range(8)))
    assert needed == [1, 1, 2, 2, 3, 3, 3, 3]
    count = stores.exceptions.split("search", "training-job")
    assert count.version == 8
    assert count.others("none", NOON + timedelta(hours=71)) == Money.of(160_000)
