"""EventBridge Scheduler on a simulated clock: the deployed schedules, fired in order."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, groupby, pairwise
from typing import Any

from bursar.local.embedded.functions import Schedule
from bursar.local.embedded.schedule_expressions import parse

MINUTE = timedelta(minutes=1)
SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
_CONTEXT = {
    "<aws.scheduler.execution-id>": "embedded",
    "<aws.scheduler.attempt-number>": "1",
}


@dataclass(frozen=True, slots=True)
class Firing:
    """One schedule, due once."""

    due: datetime
    schedule: Schedule

    @property
    def event(self) -> Any:
        """The target's input, with Scheduler's own words filled in."""
        text = self.schedule.input.replace(SCHEDULED_TIME, f"{self.due:%Y-%m-%dT%H:%M:%SZ}")
        text = text.replace("<aws.scheduler.schedule-arn>", self.schedule.arn)
        for word, value in _CONTEXT.items():
            text = text.replace(word, value)
        return json.loads(text)


@dataclass(frozen=True, slots=True)
class Step:
    """What fired at one instant."""

    due: datetime
    firings: tuple[Firing, ...]


OnStep = Callable[[Step], None]


def firings(
    schedules: Iterable[Schedule],
    start: datetime,
    end: datetime,
    created: datetime,
    minutely_each: timedelta = MINUTE,
) -> Iterator[Firing]:
    """Every firing in [start, end), in order of time, then of the schedules.

    Of what is due every minute only the first in each `minutely_each`, and the last of all.
    """
    enabled = [schedule for schedule in schedules if schedule.enabled]
    streams = [
        _numbered(number, schedule, start, end, created, minutely_each)
        for number, schedule in enumerate(enabled)
    ]
    for _, _, firing in heapq.merge(*streams, key=lambda item: item[:2]):
        yield firing


def steps(
    schedules: Iterable[Schedule],
    start: datetime,
    end: datetime,
    created: datetime,
    minutely_each: timedelta = MINUTE,
) -> Iterator[Step]:
    """The same firings, grouped by instant."""
    found = firings(schedules, start, end, created, minutely_each)
    for due, group in groupby(found, key=lambda firing: firing.due):
        yield Step(due, tuple(group))


def _numbered(
    number: int,
    schedule: Schedule,
    start: datetime,
    end: datetime,
    created: datetime,
    minutely_each: timedelta,
) -> Iterator[tuple[datetime, int, Firing]]:
    expression = parse(schedule.expression, schedule.time_zone)
    fired = None
    for due, after in pairwise(chain(expression.firings(start, end, created), (None,))):
        assert due is not None  # noqa: S101 only the one after the last is
        is_minutely = after is not None and after - due <= MINUTE
        if fired is None or due - fired >= minutely_each or not is_minutely:
            fired = due
            yield due, number, Firing(due, schedule)
