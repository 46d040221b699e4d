"""When an instance was billed, from EC2's own events."""

from __future__ import annotations

from itertools import permutations

import pytest

from bursar.domain.cluster.lifetimes import BilledSpan, InstanceState, billed_spans
from tests.unit.sample_cluster import at, when


def spans(*states: tuple[int, str]) -> list[BilledSpan]:
    return billed_spans([InstanceState("i-1", state, when(minute)) for minute, state in states])


def test_an_instance_is_billed_from_running_to_shutting_down():
    life = (0, "pending"), (1, "running"), (27, "shutting-down"), (29, "terminated")
    for order in permutations(life):
        assert spans(*order) == [BilledSpan(at(1), at(27))]


def test_an_event_told_twice_changes_nothing():
    assert spans((1, "running"), (1, "running"), (5, "stopping"), (5, "stopping")) == [
        BilledSpan(at(1), at(5))
    ]


def test_a_running_instance_has_no_end_yet():
    assert spans((1, "running")) == [BilledSpan(at(1), None)]


def test_one_that_ran_before_we_listened_has_no_start():
    assert spans((27, "terminated")) == [BilledSpan(None, at(27))]


def test_an_instance_that_was_never_heard_of_has_neither():
    assert spans() == [BilledSpan(None, None)]
    assert spans((1, "pending")) == [BilledSpan(None, None)]


def test_one_that_was_stopped_and_started_again_has_two_runs():
    life = (0, "running"), (10, "stopping"), (11, "stopped"), (40, "pending"), (41, "running")
    assert spans(*life) == [BilledSpan(at(0), at(10)), BilledSpan(at(41), None)]


@pytest.mark.parametrize("state", ["stopping", "stopped", "shutting-down", "terminated"])
def test_any_ending_ends_it(state):
    assert spans((1, "running"), (2, state)) == [BilledSpan(at(1), at(2))]
