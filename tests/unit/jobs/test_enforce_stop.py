"""Stops from beginning to end: begun by budgets, carried out in clusters, undone, told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bursar.adapters.memory.stops import MemoryClusterObjects
from bursar.domain.stops.objects import (
    ClusterWriteError,
    ObjectChangedError,
    ObjectKind,
    ObjectName,
)
from bursar.domain.stops.records import Ending, ForbiddenStepError, StopState
from bursar.domain.stops.rules import Action, Mode
from bursar.domain.stops.steps import StepState
from bursar.jobs.review_stop import (
    UnknownStopError,
    UnstoppableError,
    approve_stop,
    reverse_stop,
    stop_now,
)
from tests.unit.domain.stops.cluster import GPU, job, queue
from tests.unit.jobs.sample_config import budget
from tests.unit.jobs.stopping_world import ALL, AT, DAY, NOVEMBER, PROD, SEARCH, World, configured

SEARCH_1, PROD_1 = "search-20261101-automatic-1", "prod-20261101-automatic-1"
WATCHED = "prod-20261101-watch-1"
BY_HAND = dict.fromkeys(ALL, "manual")


def stopped(**more: Any) -> World:
    """A world whose cluster has used up its $1,000, after a run."""
    world = World(**more)
    world.spend("prod", "1000", limit="1000")
    world.run()
    return world


def test_below_the_limit_nothing_happens() -> None:
    world = World()
    world.spend("prod", "999.99", limit="1000")
    assert world.run().open == ()
    assert world.told() == []


def test_a_budget_that_nobody_has_seen_is_not_stopped() -> None:
    assert World().run().begun == ()


def test_at_the_limit_the_cluster_takes_no_more_and_what_runs_runs_on() -> None:
    """Four GPUs are used and one pod may replace one: 5. The machines have 8."""
    world = stopped()
    assert world.content() == {
        "LocalQueue research/gpu": {"stopPolicy": "Hold"},
        "NodePool gpu": {GPU: "8"},
        "Job research/waits": {"suspend": True},
        f"ResourceQuota research/bursar-stop-{PROD_1}": {f"requests.{GPU}": "5"},
    }
    stop = world.found(PROD_1)
    assert (stop.state, stop.approved_by) == (StopState.ACTIVE, None)
    assert {step.state for step in stop.steps} == {StepState.APPLIED}
    assert world.told() == ["applied"]
    assert [kind for kind, *_ in world.events.sent] == ["Budget Stop Active"]


def test_the_same_run_again_changes_and_tells_nothing() -> None:
    world = stopped()
    stop, events = world.found(PROD_1), list(world.events.sent)
    assert world.run(AT + DAY).begun == ()
    assert world.found(PROD_1) == stop
    assert (world.told(), world.events.sent) == (["applied"], events)


def test_a_new_period_puts_everything_back() -> None:
    world = World()
    before = world.content()
    world.spend("prod", "1000", limit="1000")
    world.run(NOVEMBER.end - DAY)
    (over,) = world.run(NOVEMBER.end).ended
    assert (over.state, over.ending) == (StopState.REVERSED, Ending.NEW_PERIOD)
    assert world.content() == before
    assert world.told() == ["applied", "reversed"]
    assert not world.found(PROD_1).is_open
    assert world.run(NOVEMBER.end + DAY).open == ()


def test_a_stop_whose_time_is_up_is_undone_and_none_follows_by_itself() -> None:
    world = stopped()
    world.run(AT + 7 * DAY)
    assert world.found(PROD_1).state is StopState.EXPIRED
    assert world.content()["LocalQueue research/gpu"] == {"stopPolicy": "None"}
    world.run(AT + 8 * DAY)
    assert world.told() == ["applied", "expired"]


def test_an_enforced_budget_refuses_and_lets_go_again() -> None:
    world = World(actions={"refuse_reservations": "automatic"}, lasts_hours=24)
    world.spend("search", "105")
    world.run()
    assert world.is_stopped()
    world.run(AT + DAY)
    assert not world.is_stopped()


def test_an_exception_that_was_approved_reverses_it_and_more_spending_stops_again() -> None:
    """$105 of $100 + $6; then $106 of $106."""
    world = World(actions={"refuse_reservations": "automatic"})
    world.spend("search", "105")
    world.run()
    world.approve("6")
    world.run(AT + timedelta(hours=1))
    assert world.found(SEARCH_1).ending is Ending.EXCEPTION
    assert not world.is_stopped()
    world.run(AT + timedelta(hours=2))
    assert not world.is_stopped()
    world.spend("search", "106")
    (again,) = world.run(AT + timedelta(hours=3)).begun
    assert again.id == "search-20261101-automatic-2"
    assert world.is_stopped()


def test_with_an_exception_that_covers_it_no_stop_begins() -> None:
    world = World()
    world.approve("6")
    world.spend("search", "105")
    assert world.run().begun == ()


def test_a_dry_run_says_what_it_would_do_and_does_none_of_it() -> None:
    world = World(mode="watch")
    before = world.content()
    world.spend("prod", "1000", limit="1000")
    world.run()
    assert world.content() == before
    assert world.events.sent == []
    stop = world.found(WATCHED)
    assert (stop.state, len(stop.steps)) == (StopState.PROPOSED, 4)
    (row,) = world.outbox.unsent(AT)
    assert row.alert.kind == "stop.would_stop"
    assert f"new pods in research get at most 5 {GPU} (4 now, 1 to roll out)" in (
        row.alert.comparison
    )
    assert "Job research/waits waits without pods: it is suspended" in row.alert.comparison
    world.run(AT + 7 * DAY)
    assert (world.found(WATCHED).state, world.content()) == (StopState.EXPIRED, before)


def test_a_dry_run_gives_way_to_what_is_enforced_and_that_to_a_dry_run() -> None:
    world = World(mode="watch")
    world.spend("prod", "1000", limit="1000")
    world.run()
    enforcing = configured(SEARCH, PROD)
    world.run(AT + DAY, enforcing)
    assert world.found(WATCHED).ending is Ending.MODE
    assert world.found(PROD_1).state is StopState.ACTIVE
    world.run(AT + 2 * DAY)
    assert world.found(PROD_1).ending is Ending.MODE
    assert world.content()["LocalQueue research/gpu"] == {"stopPolicy": "None"}


def test_manual_actions_wait_for_a_person_and_are_planned_anew_for_them() -> None:
    world = World(actions=BY_HAND)
    before = world.content()
    world.spend("prod", "1000", limit="1000")
    world.run()
    proposed = world.found("prod-20261101-manual-1")
    assert (proposed.state, world.content(), world.told()) == (
        StopState.PROPOSED,
        before,
        ["proposed"],
    )
    world.pods.clear()
    active = approve_stop(proposed.id, "ada", AT + DAY, stops=world.stops, windows=world.windows)
    assert (active.approved_by, active.steps) == ("ada", ())
    world.run(AT + DAY)
    assert f"ResourceQuota research/bursar-stop-{proposed.id}" not in world.content()
    assert world.content()["Job research/waits"] == {"suspend": True}


def test_some_actions_go_ahead_and_others_wait() -> None:
    world = World(actions={"refuse_reservations": "automatic", "hold_queues": "manual"})
    world.spend("search", "100")
    assert [stop.state for stop in world.run().begun] == [StopState.ACTIVE, StopState.PROPOSED]
    assert world.is_stopped()


def test_of_budgets_at_their_limit_one_stops_alone_where_tenants_are_few() -> None:
    """No tenant is known: 1 may be stopped. Refusals of used-up budgets are no stops."""
    both = (budget("cluster=prod", "10", id="a"), budget("cluster=prod", "10", id="b"))
    world = World(*both, SEARCH, actions={"hold_queues": "automatic"})
    for name in ("a", "b"):
        world.spend(name, "10")
    first, second = world.run().begun
    assert (first.state, second.state) == (StopState.ACTIVE, StopState.PROPOSED)
    assert second.needs == (
        "1 stops in 24 hours are as many as go without a person (1: 5% of tenants, at least 1)"
    )
    refusing = configured(*both, SEARCH, actions={"refuse_reservations": "automatic"})
    world.spend("search", "100")
    assert world.found("a-20261101-automatic-1").state is StopState.ACTIVE
    (third,) = world.run(AT + timedelta(minutes=5), refusing).begun
    assert third.state is StopState.ACTIVE
    approve_stop(second.id, "ada", AT, stops=world.stops, windows=world.windows)
    assert world.stops.count().lately(AT) == 2


def test_more_tenants_allow_more_stops() -> None:
    """40 tenants: 2 of 3."""
    budgets = [budget("cluster=prod", "10", id=name) for name in ("a", "b", "c")]
    world = World(*budgets, actions={"hold_queues": "automatic"})
    teams = {f"t{n}": "x" for n in range(40)}
    world.config = world.config.changed(attribution={"teams": teams})
    for each in budgets:
        world.spend(each["id"], "10")
    states = [stop.state for stop in world.run().begun]
    assert states == [StopState.ACTIVE, StopState.ACTIVE, StopState.PROPOSED]


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


def test_a_person_stops_a_budget_while_money_is_left_and_takes_it_back() -> None:
    world = World()
    refuse = (Action.REFUSE_RESERVATIONS,)
    stop = stop_now(
        "search",
        "ada",
        "a runaway agent",
        AT,
        config=world.config,
        stops=world.stops,
        windows=world.windows,
        actions=refuse,
    )
    assert (stop.id, stop.state, stop.actions) == (
        "search-20261101-person-1",
        StopState.ACTIVE,
        refuse,
    )
    assert world.is_stopped()
    world.run(AT + DAY)
    assert world.is_stopped()
    over = reverse_stop(stop.id, "bo", "it was fixed", AT + DAY, stops=world.stops)
    assert over.ended_because == "it was fixed (bo)"
    assert not world.is_stopped()
    assert world.audited() == [f"{stop.id}-2", f"{stop.id}-3"]


def test_where_budgets_are_watched_a_person_may_still_stop_one() -> None:
    world = World(mode="watch")
    ask = {"config": world.config, "stops": world.stops, "windows": world.windows}
    dry = stop_now("search", "ada", "to see", AT, **ask)
    real = stop_now("search", "ada", "to stop", AT, mode=Mode.ENFORCE, **ask)
    world.run()
    assert world.found(dry.id).state is StopState.PROPOSED
    assert world.found(real.id).state is StopState.ACTIVE
    with pytest.raises(ForbiddenStepError, match="dry run"):
        approve_stop(dry.id, "ada", AT, stops=world.stops, windows=world.windows)


def test_a_stop_that_a_person_took_back_does_not_come_again_by_itself() -> None:
    world = stopped()
    reverse_stop(PROD_1, "bo", "we need it", AT, stops=world.stops)
    world.run(AT + DAY)
    assert world.content()["Job research/waits"] == {"suspend": False}
    assert sorted(world.told()) == ["applied", "reversed"]


def test_what_cannot_be_is_said() -> None:
    world = World()
    with pytest.raises(UnknownStopError):
        reverse_stop("nothing", "ada", "no", AT, stops=world.stops)
    ask = {"stops": world.stops, "windows": world.windows}
    with pytest.raises(UnstoppableError, match="no budget 'x'"):
        stop_now("x", "ada", "no", AT, config=world.config, **ask)
    silent = world.config.changed(stops=None)
    with pytest.raises(UnstoppableError, match="no section"):
        stop_now("search", "ada", "no", AT, config=silent, **ask)


class SilentBus:
    def send(self, *event: Any) -> None:
        raise ConnectionError("no bus")


def test_a_bus_that_refuses_keeps_no_cluster_waiting_and_is_told_later() -> None:
    world = World()
    bus, world.events = world.events, SilentBus()  # type: ignore[assignment]
    world.spend("search", "100")
    world.spend("prod", "1000", limit="1000")
    with pytest.raises(ConnectionError):
        world.run()
    assert world.content()["LocalQueue research/gpu"] == {"stopPolicy": "Hold"}
    world.events = bus
    world.run()
    assert len(bus.sent) == 2
