"""When an instance was really billed: from `running` until it stops or terminates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

_BILLED = frozenset({"running"})
_ENDED = frozenset({"shutting-down", "terminated", "stopping", "stopped"})


@dataclass(frozen=True, slots=True)
class InstanceState:
    """One EC2 Instance State-change Notification; `state` as EC2 names it (`running`, ...)."""

    instance_id: str
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class BilledSpan:
    """Epoch seconds; None where EC2 has not told us."""

    start: int | None = None
    end: int | None = None


def billed_span(states: Sequence[InstanceState]) -> BilledSpan:
    """The latest run of an instance: its last `running`, and the first ending after it.

    EC2 delivers events at least once and not always in order, so they are sorted by time.
    """
    start: int | None = None
    end: int | None = None
    for state in sorted(states, key=lambda state: state.at):
        at = int(state.at.timestamp())
        if state.state in _BILLED and (start is None or end is not None):
            start, end = at, None
        elif state.state in _ENDED and end is None:
            end = at
    return BilledSpan(start, end)
