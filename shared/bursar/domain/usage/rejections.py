"""What a producer told that is no usage record, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rejection:
    """`where` is a place in the message (`[3]`, `line 7`); empty for all of it.

    `reason` names fields and limits. It never quotes what the message held, which may be a
    prompt.
    """

    where: str
    reason: str
