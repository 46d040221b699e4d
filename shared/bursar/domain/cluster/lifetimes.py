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


def billed_spans(states: Sequence[InstanceState]) -> list[BilledSpan]:
    """Every run of an instance, oldest first: from `running` to the first ending after it.

    One that was stopped and started again has several. Only the first can lack a start and
    only the last an end; without any event there is one span that lacks both. EC2 delivers
    events at least once and not always in order, so they are sorted by time.
    """
    spans: list[BilledSpan] = []
    is_open, start = True, None  # an ending that comes first ends a run of unknown start
    for state in sorted(states, key=lambda state: state.at):
        at = int(state.at.timestamp())
        if state.state in _BILLED and (start is None or not is_open):
            is_open, start = True, at
        elif state.state in _ENDED and is_open:
            spans.append(BilledSpan(start, at))
            is_open = False
    return [*spans, BilledSpan(start)] if is_open else spans
