"""Stops that people begin, approve and take back."""

from __future__ import annotations

import pytest

from bursar.domain.stops.records import ForbiddenStepError, StopState
from bursar.domain.stops.rules import Action, Mode
from bursar.jobs.review_stop import (
    UnknownStopError,
    UnstoppableError,
    approve_stop,
    reverse_stop,
    stop_now,
)
from tests.unit.jobs.stopping_world import AT, BY_HAND, DAY, PROD_1, World, stopped


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
