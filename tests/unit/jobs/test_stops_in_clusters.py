"""Stops where clusters do not do as they are told, or others had a hand in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bursar.adapters.memory.stops import MemoryClusterObjects
from bursar.domain.stops.objects import (
    ClusterWriteError,
    ObjectChangedError,
    ObjectKind,
    ObjectName,
)
from bursar.domain.stops.records import Ending
from bursar.domain.stops.steps import StepState
from bursar.jobs.review_stop import (
    approve_stop,
    stop_now,
)
from tests.unit.domain.stops.cluster import job, queue
from tests.unit.jobs.sample_config import budget
from tests.unit.jobs.stopping_world import (
    AT,
    BY_HAND,
    DAY,
    PROD,
    PROD_1,
    World,
    configured,
    stopped,
)


def test_a_cluster_that_does_not_answer_is_planned_when_it_does() -> None:
    world = World()
    world.is_up = False
    world.spend("prod", "1000", limit="1000")
    world.run()
    assert world.found(PROD_1).unplanned == {"prod": "connection refused"}
    assert world.content()["LocalQueue research/gpu"] == {"stopPolicy": "None"}
    world.is_up = True
    world.run(AT + DAY)
    assert world.found(PROD_1).unplanned == {}
    assert world.content()["LocalQueue research/gpu"] == {"stopPolicy": "Hold"}


def test_what_a_controller_reverts_is_told_once_and_not_fought() -> None:
    world = stopped()
    world.objects.put(queue("gpu", policy="None"))
    for day in (1, 2):
        world.run(AT + day * DAY)
    assert world.content()["LocalQueue research/gpu"] == {"stopPolicy": "None"}
    assert world.told() == ["applied", "drifted"]
    (told,) = [r.alert for r in world.outbox.unsent(AT + 9 * DAY) if "drifted" in r.alert.kind]
    assert "LocalQueue research/gpu: somebody has changed stopPolicy back" in told.comparison


def test_what_somebody_else_has_set_since_stays_as_it_is() -> None:
    world = stopped()
    world.objects.put(queue("gpu", policy="HoldAndDrain"))
    world.run(AT + 7 * DAY)
    assert world.content()["LocalQueue research/gpu"] == {"stopPolicy": "HoldAndDrain"}
    assert world.content()["Job research/waits"] == {"suspend": False}
    (left,) = [s for s in world.found(PROD_1).steps if s.state is StepState.LEFT]
    assert left.told == "somebody else has set stopPolicy since: it stays"


def test_an_object_that_two_stops_hold_is_let_go_by_the_last() -> None:
    """The day's budget stops the same queue as the month's, and lets go of it first."""
    daily = budget("cluster=prod,namespace=research", "50", id="daily", period="day")
    world = stopped(actions={"hold_queues": "automatic"})
    config = configured(PROD, daily, actions={"hold_queues": "automatic"})
    now = stop_now(
        "daily", "ada", "too much", AT, config=config, stops=world.stops, windows=world.windows
    )
    world.run(AT, config)
    (step,) = world.found(now.id).steps
    assert (step.state, step.before) == (StepState.APPLIED, {"stopPolicy": "None"})
    world.run(AT + DAY, config)
    assert world.found(now.id).ending is Ending.NEW_PERIOD
    assert world.content()["LocalQueue research/gpu"] == {"stopPolicy": "Hold"}
    world.run(AT + 7 * DAY, config)
    assert world.content()["LocalQueue research/gpu"] == {"stopPolicy": "None"}


class Refusing(MemoryClusterObjects):
    """A cluster without the ClusterRole for stops."""

    def create(self, name: ObjectName, *more: Any) -> Any:
        raise ClusterWriteError(f"{name}: 403: forbidden")

    change = delete = create  # type: ignore[assignment]


def test_what_the_cluster_refuses_is_told_once_and_tried_again() -> None:
    world = World()
    allowed = world.objects
    world.objects = Refusing(allowed._objects.values())
    world.spend("prod", "1000", limit="1000")
    for day in (0, 1):
        world.run(AT + day * DAY)
    assert sorted(world.told()) == ["applied", "blocked"]
    assert {step.state for step in world.found(PROD_1).steps} == {StepState.PLANNED}
    world.objects = allowed
    world.run(AT + 2 * DAY)
    assert {step.state for step in world.found(PROD_1).steps} == {StepState.APPLIED}


def test_what_cannot_be_put_back_is_told_once_and_tried_until_it_can() -> None:
    world = stopped()
    allowed = world.objects
    world.objects = Refusing(allowed._objects.values())
    for day in (7, 8):
        world.run(AT + day * DAY)
    assert sorted(world.told()) == ["applied", "blocked", "expired"]
    assert world.found(PROD_1).is_open
    world.objects = allowed
    world.run(AT + 9 * DAY)
    assert world.content() == World().content()
    assert not world.found(PROD_1).is_open


class Changing(MemoryClusterObjects):
    """Somebody writes the queue between our look and our write, once."""

    changed = False

    def change(self, found: Any, *more: Any) -> None:
        if found.name.kind is ObjectKind.LOCAL_QUEUE and not self.changed:
            self.changed = True
            raise ObjectChangedError(str(found.name))
        super().change(found, *more)


def test_an_object_that_changes_under_our_hands_is_looked_at_again() -> None:
    world = World()
    world.objects = Changing(world.objects._objects.values())
    world.spend("prod", "1000", limit="1000")
    world.run()
    assert world.content()["LocalQueue research/gpu"] == {"stopPolicy": "Hold"}


def test_a_job_that_got_a_pod_after_the_plan_is_never_suspended() -> None:
    world = World(actions=BY_HAND)
    world.spend("prod", "1000", limit="1000")
    world.run()
    stop = approve_stop(
        "prod-20261101-manual-1", "ada", AT, stops=world.stops, windows=world.windows
    )
    planned = replace(job("waits"), busy=True)
    world.objects.put(planned)
    world.run(AT)
    assert world.content()["Job research/waits"] == {"suspend": False}
    assert all(step.object != planned.name for step in world.found(stop.id).steps)


def test_a_run_that_broke_off_between_write_and_commit_is_finished_by_the_next() -> None:
    world = World()
    world.spend("prod", "1000", limit="1000")
    before = world.content()
    commit, left = world.stops.commit, 1  # the stop is begun; what was applied is never noted

    def commit_once(change: Any) -> bool:
        nonlocal left
        left -= 1
        return commit(change) if left >= 0 else (_ for _ in ()).throw(ConnectionError())

    world.stops.commit = commit_once  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        world.run()
    assert world.content() != before
    world.stops.commit = commit  # type: ignore[method-assign]
    assert {step.state for step in world.found(PROD_1).steps} == {StepState.PLANNED}
    world.run(AT + 7 * DAY)
    assert world.content() == before
