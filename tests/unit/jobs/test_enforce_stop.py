"""Stops from beginning to end: begun by budgets, carried out in clusters, undone, told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bursar.domain.stops.records import Ending, StopState
from bursar.domain.stops.steps import StepState
from bursar.jobs.review_stop import (
    approve_stop,
)
from tests.unit.domain.stops.cluster import GPU
from tests.unit.jobs.sample_config import budget
from tests.unit.jobs.stopping_world import (
    AT,
    DAY,
    NOVEMBER,
    PROD,
    PROD_1,
    SEARCH,
    SEARCH_1,
    World,
    configured,
    stopped,
)

WATCHED = "prod-20261101-watch-1"


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
