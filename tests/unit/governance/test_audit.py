"""The chain shows every change, loss, other order and cut tail."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bursar.adapters.memory.governance import MemoryAudit, MemoryAuditAnchors
from bursar.domain.governance.audit import (
    AuditHead,
    AuditIntent,
    AuditRecord,
    chain,
    intent,
    verify,
)
from bursar.jobs.chain_audit import AuditContentionError, anchor_audit, chain_audit
from bursar.jobs.verify_audit import verify_audit
from tests.unit.governance.world import NOON

INTENTS = [intent(f"E1-{n}", NOON, "exception.opened", "rita", {"n": n}) for n in range(6)]
CHAIN = chain(AuditHead(), INTENTS)
HEAD = AuditHead(CHAIN[-1].number, CHAIN[-1].hash)


def test_a_hash_is_of_the_hash_before_and_the_stored_bytes() -> None:
    first = hashlib.sha256(bytes(32) + INTENTS[0].body).digest()
    assert CHAIN[0] == AuditRecord(1, INTENTS[0].body, first)
    assert CHAIN[1].hash == hashlib.sha256(first + INTENTS[1].body).digest()


def test_a_whole_chain_has_no_findings() -> None:
    assert verify(CHAIN, HEAD, [AuditHead(), AuditHead(3, CHAIN[2].hash), HEAD]) == []
    assert verify([], AuditHead(), []) == []


def _changed(n: int) -> list[AuditRecord]:
    body = CHAIN[n].body.replace(b"rita", b"emil")
    return [*CHAIN[:n], CHAIN[n]._replace(body=body), *CHAIN[n + 1 :]]


def _swapped(n: int) -> list[AuditRecord]:
    other = (n + 1) % len(CHAIN)
    records = list(CHAIN)
    records[n], records[other] = records[other], records[n]
    return records


def _renumbered(n: int) -> list[AuditRecord]:
    """A loss that somebody has closed the numbers over."""
    left = [*CHAIN[:n], *CHAIN[n + 1 :]]
    return [record._replace(number=number) for number, record in enumerate(left, 1)]


@pytest.mark.parametrize("n", range(6))
@pytest.mark.parametrize(
    "tamper",
    [
        _changed,
        _swapped,
        _renumbered,
        lambda n: [*CHAIN[:n], *CHAIN[n + 1 :]],
        lambda n: [*CHAIN[: n + 1], *CHAIN[n:]],
        lambda n: CHAIN[:n],
    ],
    ids=["changed", "swapped", "renumbered", "lost", "repeated", "cut"],
)
def test_tampering_is_found(tamper: Callable[[int], list[AuditRecord]], n: int) -> None:
    assert verify(tamper(n), HEAD, [])


@pytest.mark.parametrize("kept", range(6))
def test_a_tail_that_was_cut_with_its_head_differs_from_the_anchor(kept: int) -> None:
    head = AuditHead(kept, CHAIN[kept - 1].hash) if kept else AuditHead()
    assert verify(CHAIN[:kept], head, []) == []  # whole in itself
    assert [found.told for found in verify(CHAIN[:kept], head, [HEAD])] == [
        "it was anchored, and is gone"
    ]


def test_a_chain_made_anew_differs_from_the_anchor() -> None:
    forged = chain(AuditHead(), INTENTS[::-1])
    head = AuditHead(6, forged[-1].hash)
    assert verify(forged, head, []) == []
    assert verify(forged, head, [HEAD])


@given(some.data())
def test_any_flipped_bit_is_found(data: some.DataObject) -> None:
    n = data.draw(some.integers(0, 5))
    body = bytearray(CHAIN[n].body)
    place = data.draw(some.integers(0, len(body) - 1))
    body[place] ^= 1 << data.draw(some.integers(0, 7))
    assert verify([*CHAIN[:n], CHAIN[n]._replace(body=bytes(body)), *CHAIN[n + 1 :]], HEAD, [])


def test_chaining_moves_all_that_waits_and_the_whole_verifies() -> None:
    audit, anchors = MemoryAudit(), MemoryAuditAnchors()
    for n in range(100):
        audit.add(intent(f"E{n:03}", NOON, "exception.opened", "rita", {}))
    assert chain_audit(audit, audit).number == 100  # 40 + 40 + 20
    assert not audit.waiting(1)
    anchor_audit(audit, anchors, NOON)
    audit.add(INTENTS[0])
    assert chain_audit(audit, audit).number == 101
    assert verify_audit(audit, anchors) == []


class RivalAudit(MemoryAudit):
    """Another chainer moves the head before each of our appends."""

    def append(self, head: AuditHead, intents: object, records: object) -> bool:
        rival = AuditIntent(f"rival-{head.number}", NOON, b"{}")
        self.add(rival)
        assert super().append(self.head(), [rival], chain(self.head(), [rival]))
        return super().append(head, intents, records)  # type: ignore[arg-type]


def test_two_chainers_never_fork_the_chain() -> None:
    audit = RivalAudit()
    audit.add(INTENTS[0])
    with pytest.raises(AuditContentionError):
        chain_audit(audit, audit)
    assert verify_audit(audit, MemoryAuditAnchors()) == []
    assert [each.id for each in audit.waiting(9)] == [INTENTS[0].id]
