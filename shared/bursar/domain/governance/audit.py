"""The audit: what happened, chained by hashes, so that no change to it goes unseen.

hash(n) = sha256(hash(n - 1) || body(n)), over the bytes that are stored; hash(0) is 32 zero
bytes. A head that is anchored elsewhere shows a chain that was cut, or made anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

GENESIS = bytes(32)


@dataclass(frozen=True, slots=True)
class AuditIntent:
    """Something to be chained, written in the transaction that it tells of."""

    id: str
    at: datetime
    body: bytes


class AuditRecord(NamedTuple):
    """A link: `number` counts from 1."""

    number: int
    body: bytes
    hash: bytes

    @property
    def text(self) -> str:
        """The body as people read it; what was made no text by somebody stays visible."""
        return self.body.decode("utf-8", "backslashreplace")


class AuditHead(NamedTuple):
    """The end of the chain: its last record's number and hash."""

    number: int = 0
    hash: bytes = GENESIS


class Finding(NamedTuple):
    """What is wrong, and from which record on."""

    number: int
    told: str


def intent(
    intent_id: str, at: datetime, action: str, actor: str, details: Mapping[str, object]
) -> AuditIntent:
    """What is kept of one action: JSON, its names sorted."""
    told = {"id": intent_id, "at": at.isoformat(), "action": action, "actor": actor}
    body = json.dumps(
        {**told, "details": dict(details)}, sort_keys=True, ensure_ascii=False, default=str
    )
    return AuditIntent(intent_id, at, body.encode())


def link(before: bytes, body: bytes) -> bytes:
    return hashlib.sha256(before + body).digest()


def chain(head: AuditHead, intents: Iterable[AuditIntent]) -> list[AuditRecord]:
    """The records that follow a head, in the order of the intents."""
    records = []
    number, before = head
    for each in intents:
        number, before = number + 1, link(before, each.body)
        records.append(AuditRecord(number, each.body, before))
    return records


def verify(
    records: Iterable[AuditRecord], head: AuditHead, anchors: Sequence[AuditHead]
) -> list[Finding]:
    """What is wrong with a chain, read from its first record; nothing: it is whole.

    A change, a loss and another order break a hash or a number; a tail that was cut differs
    from the head, and, where the head was cut too, from the anchors.
    """
    findings: list[Finding] = []
    expected: dict[int, set[bytes]] = {}
    for anchor in anchors:
        expected.setdefault(anchor.number, set()).add(anchor.hash)
    number, before = 0, GENESIS
    for record in records:
        if record.number != number + 1:
            told = f"record {record.number} follows record {number}"
            findings.append(Finding(number + 1, told))
        if link(before, record.body) != record.hash:
            told = "its hash is not that of its body and of the record before it"
            findings.append(Finding(record.number, told))
        number, before = record.number, record.hash
        if expected.pop(number, {before}) != {before}:
            findings.append(Finding(number, "its hash differs from the anchored one"))
    if (number, before) != tuple(head):
        findings.append(Finding(number, f"the chain ends here, and its head at {head.number}"))
    for missing in sorted(expected.keys() - {0}):
        findings.append(Finding(missing, "it was anchored, and is gone"))
    return findings
