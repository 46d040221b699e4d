"""What becomes of deviations: new events, events that go on or end, and whom it is news to."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from bursar.domain.anomaly_events.deviations import Deviation
from bursar.domain.anomaly_events.events import (
    MOST_READINGS,
    AnomalyEvent,
    Direction,
    State,
    event_id,
)
from bursar.domain.anomaly_events.floors import Floors
from bursar.domain.anomaly_events.quieting import is_quieted
from bursar.domain.money import Money
from bursar.domain.series.names import Grain, SeriesName

QUIET_PERIODS = {Grain.DAY: 2, Grain.HOUR: 6}  # as usual for so long: it is over
USUAL_AFTER = {Grain.DAY: 21, Grain.HOUR: 72}  # off for so long: it is what is usual now
_WORSE = 2  # times the peak that was told
_SAME_MONEY = Fraction(1, 2)  # of the smaller of two deviations

Shared = Callable[[Deviation | AnomalyEvent, Deviation], Money]


@dataclass(frozen=True, slots=True)
class Weights:
    """When a deviation is worth telling. Of tokens without a price, `tokens` stand for dollars."""

    floors: Floors
    tokens: int

    def are_passed(self, deviation: Deviation) -> bool:
        """By the worst period that was off: not each of them must be as large."""
        if any(self.floors.are_passed(each.actual, each.expected) for each in deviation.off):
            return True
        is_unpriced = not any(each.actual or each.expected for each in deviation.readings)
        return is_unpriced and abs(deviation.tokens) >= self.tokens


@dataclass(frozen=True, slots=True)
class Step:
    """An event's next version. `is_news` says what people must be told: begun, worse, over."""

    old: AnomalyEvent | None
    new: AnomalyEvent
    is_news: str | None = None


BEGUN, WORSE, OVER = "begun", "worse", "over"
_WHO_CAN_ACT = ("team", "cluster,namespace", "tenant", "feature", "model", "service")
BACK = "back to what is usual"


def weigh(
    deviations: Sequence[Deviation],
    known: Sequence[AnomalyEvent],
    weights: Weights,
    now_of: Mapping[SeriesName, datetime],
    shared: Shared,
) -> list[Step]:
    """The steps of one run. Again with what it has written, it has none.

    A deviation of a series that has an event goes on in it. Of the others, the one that is
    largest beside what was expected comes first, and is an event of its own; those of which half
    is the same money as an event's join it, without a word. So one cause is told once, where it
    stands out most.

    Args:
        known: events that live, that ended so lately that they could go on, and those that
            people said to expect.
        now_of: the newest known period of each series.
        shared: how much of a deviation is the same money as an event or another deviation.
    """
    story = _Story(known)
    steps: list[Step] = []
    fresh: list[Deviation] = []
    followed = set[str]()
    for deviation in deviations:
        event = story.of_series.get(deviation.series)
        if event and _goes_on(event, deviation):
            followed.add(event.id)
            steps += _continue(event, deviation, weights)
        elif (new := story.new_part(deviation)) and weights.are_passed(new):
            fresh.append(new)
    for event in story.of_series.values():
        newest = now_of.get(event.series)
        if event.ended is None and event.id not in followed and newest is not None:
            steps += [_over(event, event, BACK)] if newest > event.latest_at else []
    joined: dict[str, list[str]] = {}
    heads = list(known)
    for deviation in sorted(fresh, key=_most_out_of_proportion, reverse=True):
        head = next((each for each in heads if _is_same(each, deviation, shared)), None)
        if head is not None:
            joined.setdefault(head.id, []).append(str(deviation.series))
            continue
        expected = is_quieted(deviation, story.patterns)
        event = _begin(deviation, State.EXPECTED if expected else State.OPEN)
        heads.append(event)
        steps.append(Step(None, event, None if expected else BEGUN))
    return [_with_also(step, joined) for step in _and_joined(steps, heads, joined)]


class _Story:
    """What is known before a run: the event that each series is in, and what people expect.

    What people said to expect, and is over, is a pattern and goes on no more.
    """

    def __init__(self, known: Sequence[AnomalyEvent]) -> None:
        self._known = known
        self.patterns = [each for each in known if each.state is State.EXPECTED]
        ordered = sorted(known, key=lambda each: (each.ended is None, each.latest_at))
        self.of_series = {
            each.series: each
            for each in ordered
            if each.ended is None or each.state is not State.EXPECTED
        }

    def new_part(self, deviation: Deviation) -> Deviation | None:
        """What of a deviation no event has had that is over and that its series shows. The way
        back from one is nothing new."""
        readings = deviation.readings
        name = str(deviation.series)
        for event in self._known:
            if name != str(event.series) and name not in event.also:
                continue
            if event.direction is not deviation.direction:
                if event.started_at < deviation.started_at <= event.merges_until:
                    return None
            elif event.ended is not None:
                readings = tuple(each for each in readings if each.at > event.latest_at)
        begun = next((place for place, each in enumerate(readings) if each.is_off), None)
        return replace(deviation, readings=readings[begun:]) if begun is not None else None


def _goes_on(event: AnomalyEvent, deviation: Deviation) -> bool:
    return (
        deviation.direction is event.direction
        and deviation.grain is event.grain
        and deviation.started_at <= event.merges_until
    )


def _continue(event: AnomalyEvent, deviation: Deviation, weights: Weights) -> list[Step]:
    new = _update(event, deviation)
    if event.ended is not None:
        if new.latest_at <= event.latest_at or not weights.are_passed(deviation):
            return []
        new = new.model_copy(update={"state": State.OPEN, "ended": None})
    elif _is_quiet(deviation):
        return [_over(event, new, BACK)]
    elif len(deviation.off) >= USUAL_AFTER[event.grain]:
        return [_over(event, new, "it is what is usual by now")]
    if _is_worse(event, new):
        told = {"told_peak": new.peak, "state": State.OPEN}
        return [Step(event, new.model_copy(update=told), WORSE)]
    return [Step(event, new)] if _differs(event, new) else []


def _is_worse(event: AnomalyEvent, new: AnomalyEvent) -> bool:
    return abs(new.peak.units) >= _WORSE * abs(event.told_peak.units) > 0


def _is_quiet(deviation: Deviation) -> bool:
    count = QUIET_PERIODS[deviation.grain]
    last = [each.is_off for each in deviation.readings[-count:]]
    return len(last) == count and not any(last)


def _over(old: AnomalyEvent, new: AnomalyEvent, why: str) -> Step:
    """The end of what people said to expect is no news, and it stays what they expect; nor is
    the second end of one that came back."""
    is_expected = old.state is State.EXPECTED
    update: dict[str, object] = {"ended": why, "version": old.version + 1, "told_over": True}
    if not is_expected:
        update["state"] = State.RESOLVED
    is_news = not is_expected and not old.told_over
    return Step(old, new.model_copy(update=update), OVER if is_news else None)


def _update(event: AnomalyEvent, deviation: Deviation) -> AnomalyEvent:
    return event.model_copy(
        update={
            "latest_at": max(each.at for each in deviation.off),
            "readings": deviation.readings[-MOST_READINGS:],
            "size": deviation.size,
            "peak": deviation.peak,
            "version": event.version + 1,
        }
    )


def _differs(old: AnomalyEvent, new: AnomalyEvent) -> bool:
    return old != new.model_copy(update={"version": old.version})


def _begin(deviation: Deviation, state: State) -> AnomalyEvent:
    return AnomalyEvent(
        id=event_id(deviation.series, deviation.grain, deviation.started_at),
        series=deviation.series,
        grain=deviation.grain,
        direction=deviation.direction,
        started_at=deviation.started_at,
        latest_at=max(each.at for each in deviation.off),
        readings=deviation.readings[-MOST_READINGS:],
        size=deviation.size,
        peak=deviation.peak,
        state=state,
        told_peak=deviation.peak,
    )


def _most_out_of_proportion(deviation: Deviation) -> tuple[int, int, int, str]:
    """The change beside what was expected, in steps of a fifth; of equals, who can act on it."""
    worst = max(deviation.off, key=lambda each: abs(each.over.units))
    least = max(abs(worst.expected.units), abs(worst.over.units) // 1000, 1)
    steps = int(math.log2(1 + abs(worst.over.units) / least) * 4)
    dimension = deviation.series.dimension
    rank = -_WHO_CAN_ACT.index(dimension) if dimension in _WHO_CAN_ACT else -len(_WHO_CAN_ACT)
    return steps, rank, abs(worst.over.units), deviation.series.scope


def _is_same(head: AnomalyEvent, deviation: Deviation, shared: Shared) -> bool:
    until = head.merges_until if head.ended is None else head.latest_at
    if head.direction is not deviation.direction or until < deviation.started_at:
        return False
    least = min(abs(head.size.units), abs(deviation.size.units))
    signed = -1 if head.direction is Direction.DOWN else 1
    return shared(head, deviation).units * signed >= least * _SAME_MONEY and least > 0


def _and_joined(
    steps: Sequence[Step], heads: Sequence[AnomalyEvent], joined: Mapping[str, Sequence[str]]
) -> list[Step]:
    """Also the events that nothing else happened to than that others joined them."""
    stepped = {step.new.id for step in steps}
    more = [
        Step(head, head.model_copy(update={"version": head.version + 1}))
        for head in heads
        if head.id in joined and head.id not in stepped
    ]
    return [*steps, *(step for step in more if set(joined[step.new.id]) - set(step.new.also))]


def _with_also(step: Step, joined: Mapping[str, Sequence[str]]) -> Step:
    also = sorted({*step.new.also, *joined.get(step.new.id, ())})
    return Step(step.old, step.new.model_copy(update={"also": tuple(also)}), step.is_news)
