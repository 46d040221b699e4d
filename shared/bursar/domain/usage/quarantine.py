"""What was told and not posted: rejected tellings, and records held until a person decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from bursar.domain.usage.records import UsageRecord

MOST_PLACES = 20  # a message of a thousand faults is named by these


@dataclass(frozen=True, slots=True)
class RejectedUsage:
    """`times` tellings of one message that were rejected for one reason, the first at `where`.
    `places` are the first twenty, that one among them.

    Of the message its digest and size are kept, so that its producer can find it; never its
    text, which may hold prompts.
    """

    producer: str
    message_digest: str
    message_bytes: int
    reason: str
    where: str
    times: int
    received_at: datetime
    places: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The same message, delivered again, is rejected under the same name."""
        return f"{self.message_digest}.{sha256(self.reason.encode()).hexdigest()[:8]}"


class Decision(StrEnum):
    """`duplicate` and `conflict` are what a release found in the ledger under the record's id."""

    HELD = "held"  # nobody has decided yet
    RELEASED = "released"
    DROPPED = "dropped"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class HeldUsage:
    """An implausible record, whole, and what became of it.

    A decision outlives the record's next delivery: what was dropped is not held again.
    """

    record: UsageRecord
    reason: str
    received_at: datetime
    decision: Decision = Decision.HELD
    decided_at: datetime | None = None


class Contested(NamedTuple):
    """A record that is not held since another body is, under its id: the digest of that one."""

    refused: HeldUsage
    stands: str


def digest_of(message: bytes) -> str:
    return sha256(message).hexdigest()[:32]
