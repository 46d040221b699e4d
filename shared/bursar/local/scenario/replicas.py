"""When each replica of an autoscaled workload exists, and which revision of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache

from bursar.local.scenario.calendar import DAY, HOUR, MINUTE, Calendar

Span = tuple[int, int]

_STEP = 10 * MINUTE  # how often the autoscaler looks
_STEPS_BEFORE_DOWN = 3  # it forgets a peak only after half an hour
_ROLLOUT_DAYS = (13, 27, 44)
_ROLLOUT_HOUR = 14
_BETWEEN_REPLICAS = 95  # a rollout replaces one pod after the other


def autoscaled(calendar: Calendar, at_peak: float, fewest: int) -> list[list[Span]]:
    """The spans of each replica. They are a stack: the last to come is the first to go.

    `at_peak` is the number at the peak of the first weekday, before it is rounded up.
    """
    wanted = [max(fewest, math.ceil(at_peak * load)) for load in _loads(calendar)]
    kept = [max(wanted[max(0, i - _STEPS_BEFORE_DOWN) : i + 1]) for i in range(len(wanted))]
    return [_spans_above(slot, kept, calendar.first) for slot in range(max(kept))]


@lru_cache(maxsize=4)
def _loads(calendar: Calendar) -> tuple[float, ...]:
    return tuple(calendar.load(at) for at in range(calendar.first, calendar.last, _STEP))


def _spans_above(slot: int, replicas: Sequence[int], first: int) -> list[Span]:
    spans: list[Span] = []
    began: int | None = None
    for step, count in enumerate([*replicas, 0]):
        at = first + step * _STEP
        if count > slot and began is None:
            began = at
        elif count <= slot and began is not None:
            spans.append((began, at))
            began = None
    return spans


def revisions(
    calendar: Calendar, start: int, end: int, slot: int
) -> Iterator[tuple[int, int, int]]:
    """Split one replica's run where a rollout replaced its pod: (start, end, revision)."""
    since, revision = start, 0
    for day in _ROLLOUT_DAYS:
        at = calendar.origin + day * DAY + _ROLLOUT_HOUR * HOUR + _BETWEEN_REPLICAS * slot
        if at <= since + MINUTE:
            revision += 1
        elif at < end - MINUTE:
            yield since, at, revision
            since, revision = at + 20, revision + 1
    yield since, end, revision
