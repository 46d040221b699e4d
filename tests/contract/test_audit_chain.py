"""What every audit chain does: it is appended to at its head, and read back byte by byte."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bursar.adapters.memory.governance import MemoryAuditAnchors
from bursar.domain.governance.audit import AuditHead, chain
from bursar.jobs.chain_audit import anchor_audit, chain_audit
from bursar.jobs.verify_audit import verify_audit
from tests.contract.exception_stores import Stores, stores_on
from tests.unit.governance.world import NOON


@pytest.fixture
def stores(backing: Any) -> Stores:
    return stores_on(backing)


def filed(stores: Stores, number: int) -> None:
    for n in range(number):
        assert stores.exceptions.commit(stores.opening(f"E{n:03}", "1"))


def test_an_empty_chain_is_whole(stores: Stores) -> None:
    assert stores.audit.head() == AuditHead()
    assert list(stores.audit.records()) == []
    assert verify_audit(stores.audit, MemoryAuditAnchors()) == []


def test_intents_are_moved_into_the_chain_in_their_order(stores: Stores) -> None:
    filed(stores, 45)  # more than one append
    bodies = [each.body for each in stores.audit.waiting(99)]
    assert chain_audit(stores.audit, stores.audit).number == 45
    assert [record.body for record in stores.audit.records()] == bodies
    assert [record.number for record in stores.audit.records()] == list(range(1, 46))
    assert stores.audited() == []
    anchors = MemoryAuditAnchors()
    anchor_audit(stores.audit, anchors, NOON + timedelta(hours=1))
    assert verify_audit(stores.audit, anchors) == []


def test_it_is_read_from_any_record_on(stores: Stores) -> None:
    filed(stores, 5)
    chain_audit(stores.audit, stores.audit)

    def read(*page: int) -> list[int]:
        return [record.number for record in stores.audit.records(*page)]

    assert read(3) == [4, 5]
    assert read(1, 2) == [2, 3]
    assert read(5) == read(99) == []


def test_an_append_to_an_old_head_changes_nothing(stores: Stores) -> None:
    filed(stores, 2)
    first, second = stores.audit.waiting(9)
    head = AuditHead()
    assert stores.audit.append(head, [first], chain(head, [first]))
    assert not stores.audit.append(head, [second], chain(head, [second]))
    assert stores.audited() == [second.id]
    assert stores.audit.head().number == 1


def test_an_intent_is_chained_once(stores: Stores) -> None:
    filed(stores, 1)
    waiting = stores.audit.waiting(9)
    assert stores.audit.append(AuditHead(), waiting, chain(AuditHead(), waiting))
    head = stores.audit.head()
    assert not stores.audit.append(head, waiting, chain(head, waiting))
    assert stores.audit.head() == head


def test_tampering_with_the_table_is_found(dynamodb_table: Any) -> None:
    stores, anchors = stores_on(dynamodb_table), MemoryAuditAnchors()
    filed(stores, 3)
    chain_audit(stores.audit, stores.audit)
    anchor_audit(stores.audit, anchors, NOON)
    items = [item for item in dynamodb_table.scan()["Items"] if "#CHAIN#" in item["pk"]]
    second = next(item for item in items if int(item["sk"]) == 2)
    body = bytes(second["body"]).replace(b"rita", b"emil")
    dynamodb_table.put_item(Item={**second, "body": body})
    assert [each.number for each in verify_audit(stores.audit, anchors)] == [2]
    dynamodb_table.delete_item(Key={"pk": second["pk"], "sk": second["sk"]})
    assert verify_audit(stores.audit, anchors)
    dynamodb_table.put_item(Item=second)
    assert verify_audit(stores.audit, anchors) == []
    third = next(item for item in items if int(item["sk"]) == 3)
    dynamodb_table.delete_item(Key={"pk": third["pk"], "sk": third["sk"]})
    rewound = {"number": 2, "hash": second["hash"]}
    dynamodb_table.put_item(Item={"pk": "AUDIT", "sk": "HEAD", **rewound})
    assert [each.number for each in verify_audit(stores.audit, anchors)] == [3]


def test_a_chain_is_read_over_its_partitions(
    dynamodb_table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bursar.adapters.dynamodb.governance.audit._A_PARTITION", 10)
    stores = stores_on(dynamodb_table)
    filed(stores, 25)
    chain_audit(stores.audit, stores.audit)
    assert [record.number for record in stores.audit.records()] == list(range(1, 26))
    for after in (9, 10, 11, 20):
        beyond = [record.number for record in stores.audit.records(after)]
        assert beyond == list(range(after + 1, 26))
    assert verify_audit(stores.audit, MemoryAuditAnchors()) == []


def test_a_head_that_was_set_back_is_found_by_what_stands_beyond_it(dynamodb_table: Any) -> None:
    stores = stores_on(dynamodb_table)
    filed(stores, 3)
    chain_audit(stores.audit, stores.audit)
    second = list(stores.audit.records())[1]
    for head in ({"number": 2, "hash": second.hash}, None):
        key = {"pk": "AUDIT", "sk": "HEAD"}
        if head:
            dynamodb_table.put_item(Item=key | head)
        else:
            dynamodb_table.delete_item(Key=key)
        assert [each.number for each in verify_audit(stores.audit, MemoryAuditAnchors())] == [3]


@pytest.mark.parametrize("part", ["body", "hash"])
def test_what_is_no_record_any_more_is_a_finding_and_no_crash(
    dynamodb_table: Any, part: str
) -> None:
    stores = stores_on(dynamodb_table)
    filed(stores, 3)
    chain_audit(stores.audit, stores.audit)
    items = [item for item in dynamodb_table.scan()["Items"] if "#CHAIN#" in item["pk"]]
    second = next(item for item in items if int(item["sk"]) == 2)
    for maimed in ({part: None}, {part: "text"}, {part: b"\xff"}):
        dynamodb_table.put_item(Item=second | maimed)
        found = verify_audit(stores.audit, MemoryAuditAnchors())
        assert found[0].number == 2
        assert [record.text for record in stores.audit.records()]
    dynamodb_table.put_item(Item=second)
    dynamodb_table.put_item(Item=second | {"sk": "nothing"})
    assert verify_audit(stores.audit, MemoryAuditAnchors())[0].number == 4
