"""What every quarantine does: rejections by their message, held records until someone decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bursar.adapters.dynamodb.quarantine import DynamoQuarantine
from bursar.adapters.memory.quarantine import MemoryQuarantine
from bursar.domain.usage.quarantine import Decision, HeldUsage, RejectedUsage
from bursar.domain.usage.records import TokenCounts, UsageRecord
from bursar.ports import Quarantine

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def quarantine(backing: Any) -> Quarantine:
    return MemoryQuarantine() if backing is None else DynamoQuarantine(backing)


def rejected(message: str = "d1", reason: str = "id is missing", **changes: Any) -> RejectedUsage:
    told = {"producer": "gateway", "message_bytes": 99, "where": "line 2", "times": 1}
    at = {"received_at": NOON}
    return RejectedUsage(message_digest=message, reason=reason, **{**told, **at, **changes})


def held(id_: str = "r-1", producer: str = "gateway", minutes: int = 0) -> HeldUsage:
    record = UsageRecord(
        producer=producer,
        id=id_,
        at=NOON - timedelta(hours=1, microseconds=7),
        tenant="<acme>",
        model="m",
        tokens=TokenCounts(20_000_000, 5, 4, 3, 2, 1),
        latency_ms=12,
        batch=True,
    )
    return HeldUsage(record, "too many tokens", NOON + timedelta(minutes=minutes))


def test_it_is_empty_at_first(quarantine: Quarantine) -> None:
    assert (list(quarantine.rejected()), list(quarantine.held())) == ([], [])
    assert quarantine.find(("gateway", "r-1")) is None


def test_rejections_come_newest_first_and_whole(quarantine: Quarantine) -> None:
    older = rejected(received_at=NOON - timedelta(minutes=1), times=500)
    newer = rejected("d2", where="")
    quarantine.reject([older])
    quarantine.reject([newer])
    assert list(quarantine.rejected()) == [newer, older]


def test_the_same_message_is_rejected_once_for_each_reason(quarantine: Quarantine) -> None:
    for _ in range(2):
        quarantine.reject([rejected(), rejected(reason="model is missing"), rejected()])
    assert len(quarantine.rejected()) == 2


def test_the_same_message_of_two_producers_is_two_rejections(quarantine: Quarantine) -> None:
    quarantine.reject([rejected(), rejected(producer="other")])
    assert {row.producer for row in quarantine.rejected()} == {"gateway", "other"}


def test_held_records_come_back_whole_newest_first(quarantine: Quarantine) -> None:
    quarantine.hold([held("r-1"), held("r-2", minutes=1), held("r-1", producer="other")])
    found = list(quarantine.held())
    assert found[0] == held("r-2", minutes=1)
    assert sorted((each.record.producer, each.record.id) for each in found) == [
        ("gateway", "r-1"),
        ("gateway", "r-2"),
        ("other", "r-1"),
    ]
    assert quarantine.find(("gateway", "r-1")) == held("r-1")
    assert found[0].record.digest == held("r-2").record.digest


def test_a_record_that_is_held_stays_as_it_was_first_told(quarantine: Quarantine) -> None:
    assert list(quarantine.hold([held()])) == [held()]
    assert list(quarantine.hold([held(minutes=30)])) == [held()]
    assert list(quarantine.held()) == [held()]


@pytest.mark.parametrize("decision", [None, Decision.RELEASED, Decision.DROPPED])
def test_what_stands_is_given_back_for_another_body_of_its_id_as_it_was_decided(
    quarantine: Quarantine, decision: Decision | None
) -> None:
    other = replace(held(), record=replace(held().record, tokens=TokenCounts(30_000_000)))
    if decision:
        quarantine.hold([held()])
        quarantine.decide(("gateway", "r-1"), decision, NOON)
    at = NOON if decision else None
    stands = replace(held(), decision=decision or Decision.HELD, decided_at=at)
    assert list(quarantine.hold([held(), other])) == [stands, stands]
    assert quarantine.find(("gateway", "r-1")) == stands


@pytest.mark.parametrize("decision", [Decision.RELEASED, Decision.DROPPED])
def test_a_decision_is_made_once_and_outlives_the_next_delivery(
    quarantine: Quarantine, decision: Decision
) -> None:
    name = ("gateway", "r-1")
    quarantine.hold([held()])
    assert quarantine.decide(name, decision, NOON) is True
    assert quarantine.decide(name, Decision.RELEASED, NOON) is False
    quarantine.hold([held()])
    assert list(quarantine.held()) == []
    found = quarantine.find(name)
    assert found is not None
    assert (found.decision, found.decided_at, found.record) == (decision, NOON, held().record)


def test_nothing_can_be_decided_of_what_is_not_held(quarantine: Quarantine) -> None:
    assert quarantine.decide(("gateway", "r-1"), Decision.DROPPED, NOON) is False
    assert quarantine.find(("gateway", "r-1")) is None


def test_names_may_hold_what_keys_are_made_of(quarantine: Quarantine) -> None:
    quarantine.hold([held("a#b/c d"), held("é" * 128, producer="x" * 128)])
    assert {each.record.id for each in quarantine.held()} == {"a#b/c d", "é" * 128}


def test_rejections_are_forgotten_after_thirty_days_and_held_records_wait(
    dynamodb_table: Any,
) -> None:
    store = DynamoQuarantine(dynamodb_table)
    store.reject([rejected()])
    store.hold([held()])
    expiry = {item["sk"][:4]: item.get("expires_at") for item in dynamodb_table.scan()["Items"]}
    assert expiry == {"REJE": int((NOON + timedelta(days=30)).timestamp()), "HELD": None}
    store.decide(("gateway", "r-1"), Decision.DROPPED, NOON)
    assert all(item["expires_at"] for item in dynamodb_table.scan()["Items"])
