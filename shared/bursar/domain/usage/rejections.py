"""What a producer told, by its place in a message: a usage record, or none, and why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from bursar.domain.usage.records import UsageRecord


class Placed(NamedTuple):
    """A record, and where it was told, as a rejection says it."""

    where: str
    record: UsageRecord


@dataclass(frozen=True, slots=True)
class Rejection:
    """`where` is a place in the message (`[3]`, `line 7`); empty for all of it.

    `reason` names fields and limits. It never quotes what the message held, which may be a
    prompt.
    """

    where: str
    reason: str
