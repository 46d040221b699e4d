"""From snapshots to seconds of one hour."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import strategies as st

from bursar.domain.cluster.integration import ClusterTime, integrate
from bursar.domain.cluster.lifetimes import InstanceState
from bursar.domain.cluster.records import LoadBalancer
from bursar.domain.periods import Window
from tests.unit.for_all import for_all
from tests.unit.sample_cluster import (
    TEN_TO_ELEVEN,
    all_hour,
    at,
    node,
    pod,
    snapshot,
    volume,
    when,
)

MINUTE = 60


def hour(
    snapshots, *states: InstanceState, window: Window = TEN_TO_ELEVEN, latecomers=()
) -> ClusterTime:
    def states_of(wanted):
        return {each: [s for s in states if s.instance_id == each] for each in wanted}

    return integrate(window, snapshots, states_of, latecomers)


def node_minutes(time: ClusterTime) -> dict[str, float]:
    return {each.name: seconds / MINUTE for each, seconds in time.nodes}


def pod_minutes(time: ClusterTime) -> dict[str, float]:
    return {each.pod.uid: each.seconds / MINUTE for each in time.pods}


def test_an_hour_that_was_seen_whole_is_known_whole():
    time = hour(all_hour([node()], [pod()]))
    assert time.known_seconds == 3600
    assert node_minutes(time) == {"n1": 60}
    assert pod_minutes(time) == {"p1": 60}


def test_a_node_that_vanished_between_two_snapshots_ended_half_way():
    # seen at 10:20, gone at 10:25
    shots = [snapshot(m, [node()] if m <= 20 else []) for m in range(-5, 70, 5)]
    assert node_minutes(hour(shots)) == {"n1": 22.5}


def volume_minutes(created_minute: float | None, seen_from: int = 15) -> float:
    created = None if created_minute is None else at(created_minute)
    new = volume(created_at=created)
    shots = [snapshot(m, volumes=[new] if m >= seen_from else []) for m in range(-5, 70, 5)]
    return sum(seconds for _, seconds in hour(shots).volumes) / MINUTE


def test_a_volume_lives_from_its_creation_and_not_from_half_way_to_its_first_sight():
    assert volume_minutes(12) == 60 - 12
    assert volume_minutes(None) == 60 - 12.5  # nobody tells: between 10:10 and 10:15
    assert volume_minutes(-90, seen_from=-5) == 60
    assert volume_minutes(17) == 60 - 15  # a clock ahead: it was seen at 10:15


def test_a_node_lives_by_ec2_and_not_by_when_kubernetes_saw_it():
    # EC2: 10:04 to 10:31, 27 minutes; Kubernetes: created 10:06, last seen 10:25
    seen = node(created_at=at(6))
    shots = [snapshot(m, [seen] if 10 <= m <= 25 else []) for m in range(-5, 70, 5)]
    states = (
        InstanceState("i-n1", "running", when(4)),
        InstanceState("i-n1", "shutting-down", when(31)),
    )
    assert node_minutes(hour(shots, *states)) == {"n1": 27}
    assert node_minutes(hour(shots)) == {"n1": 27.5 - 6}


def test_a_node_that_joined_after_all_snapshots_is_billed_from_when_ec2_started_it():
    late = node("late", created_at=at(80))
    started = InstanceState("i-late", "running", when(48))
    assert node_minutes(hour(all_hour([node()]), started, latecomers=[late])) == {
        "n1": 60,
        "late": 12,
    }
    assert node_minutes(hour(all_hour([node()]), latecomers=[late, node()])) == {"n1": 60}


def test_a_node_that_ec2_started_before_the_hour_and_that_joined_in_it_is_a_late_join():
    shots = [snapshot(m, [node()] if m < 20 else [node(), node("late")]) for m in range(-5, 70, 5)]
    states = [InstanceState(f"i-{name}", "running", when(-9)) for name in ("n1", "late")]
    assert hour(shots, *states).latest_join == at(20)
    in_time = InstanceState("i-late", "running", when(3))
    assert hour(shots, states[0], in_time).latest_join is None
    assert hour(shots).latest_join is None  # without EC2's word nobody knows


def test_a_node_that_stopped_for_half_an_hour_is_not_billed_for_it():
    states = [
        InstanceState("i-n1", state, when(minute))
        for minute, state in ((-90, "running"), (10, "stopping"), (40, "running"))
    ]
    assert node_minutes(hour(all_hour([node()]), *states)) == {"n1": 10 + 20}


def test_closing_an_old_hour_again_does_not_lose_the_runs_of_that_time():
    later = (
        InstanceState("i-n1", "stopping", when(200)),
        InstanceState("i-n1", "running", when(300)),
    )
    assert node_minutes(hour(all_hour([node()]), *later)) == {"n1": 60}


def test_two_instances_that_had_one_name_are_two_nodes():
    # the first is gone at 10:20 (10:17:30), the second joins at 10:30 (created 10:28)
    first, second = node(), node(instance_id="i-other", created_at=at(28))
    old, new = pod("old"), pod("new", started_at=at(29))
    shots = [snapshot(m, [first], [old]) for m in range(-5, 20, 5)]
    shots += [snapshot(m) for m in (20, 25)]
    shots += [snapshot(m, [second], [new]) for m in range(30, 70, 5)]
    time = hour(shots)
    assert sorted((n.instance_id, s / MINUTE) for n, s in time.nodes) == [
        ("i-n1", 17.5),
        ("i-other", 32),
    ]
    assert {each.pod.uid: each.node.instance_id for each in time.pods} == {
        "old": "i-n1",
        "new": "i-other",
    }


def test_a_pod_runs_from_its_own_start():
    assert pod_minutes(hour(all_hour([node()], [pod(started_at=at(40))]))) == {"p1": 20}


def test_a_pod_that_vanished_between_two_snapshots_ended_half_way():
    shots = [snapshot(m, [node()], [pod()] if m <= 30 else []) for m in range(-5, 70, 5)]
    assert pod_minutes(hour(shots)) == {"p1": 32.5}


def test_a_finished_job_counts_by_its_lifetime_however_long_it_is_listed():
    job = pod(started_at=at(10), finished_at=at(17))
    assert pod_minutes(hour(all_hour([node()], [job]))) == {"p1": 7}


def test_a_job_that_finished_before_the_hour_did_not_run_in_it():
    assert pod_minutes(hour(all_hour([node()], [pod(finished_at=at(-1))]))) == {}


def test_a_pending_pod_and_one_that_never_started_do_not_run():
    waiting = [pod("pending", on=None), pod("pulling", started_at=None)]
    assert pod_minutes(hour(all_hour([node()], waiting))) == {}


def test_a_pod_on_a_node_that_ec2_had_ended_did_not_run():
    ended = InstanceState("i-n1", "terminated", when(-30))
    time = hour(all_hour([node()], [pod()]), ended)
    assert (node_minutes(time), pod_minutes(time)) == ({}, {})


def test_a_pod_counts_the_mean_of_the_larger_of_request_and_use():
    idle, busy = pod(cpu_used_milli=200), pod(cpu_used_milli=3_000)
    shots = [snapshot(0, [node()], [idle]), snapshot(5, [node()], [busy])]
    [run] = hour(shots).pods
    assert run.cpu_milli == (1_000 + 3_000) / 2


def test_a_gap_of_more_than_two_intervals_is_unknown():
    # 10:20 to 10:31 is eleven minutes, at five a snapshot
    shots = [snapshot(m, [node()], [pod()]) for m in (*range(-5, 25, 5), *range(31, 70, 5))]
    time = hour(shots)
    assert time.known_seconds == (60 - 11) * MINUTE
    assert node_minutes(time) == {"n1": 49}
    assert pod_minutes(time) == {"p1": 49}


def test_a_gap_of_two_intervals_is_known():
    shots = [snapshot(m, [node()]) for m in (*range(-5, 25, 5), *range(30, 70, 5))]
    assert hour(shots).known_seconds == 3600


def test_after_a_long_gap_the_hour_is_known_from_its_first_snapshot_on():
    # blind until 10:08: the eight minutes before are not between two snapshots
    shots = [snapshot(m, [node()]) for m in (8, *range(10, 70, 5))]
    assert hour(shots).known_seconds == 52 * MINUTE


def test_before_a_long_gap_the_hour_is_known_until_its_last_snapshot():
    shots = [snapshot(m, [node()]) for m in range(-5, 55, 5)]
    assert hour(shots).known_seconds == 50 * MINUTE


def test_without_a_snapshot_nothing_is_known():
    assert hour([]) == ClusterTime(known_seconds=0, as_of=0)


def test_snapshots_of_other_hours_tell_nothing_of_this_one():
    before = hour([snapshot(m, [node()]) for m in (-30, -25, -20)])
    assert (before.known_seconds, before.nodes, before.as_of) == (0, (), at(-20))


def test_the_last_snapshot_before_the_end_dates_the_hour():
    assert hour(all_hour([node()])).as_of == at(60)
    assert hour([snapshot(m) for m in (50, 55)]).as_of == at(55)


def test_what_does_not_say_when_it_began_began_half_way_before_it_was_seen():
    balancer = LoadBalancer("search", "front", "network")
    shots = [snapshot(m, load_balancers=[balancer]) for m in range(-5, 30, 5)]
    shots += [snapshot(m, volumes=[volume()]) for m in range(30, 70, 5)]
    time = hour(shots)
    assert [(each.name, seconds) for each, seconds in time.volumes] == [("pv1", 32.5 * MINUTE)]
    assert [seconds for _, seconds in time.load_balancers] == [27.5 * MINUTE]


lives = st.tuples(st.integers(-3600, 4000), st.integers(1, 7200))
minutes = st.lists(st.integers(-10, 70), min_size=1, max_size=20, unique=True).map(sorted)


def shots_of(minutes_seen: list[int], drawn: list[tuple[int, int]]):
    """Pods that began at a second after ten and lasted; each snapshot lists those then alive."""
    pods = [
        pod(f"p{number}", started_at=at(0) + start, finished_at=at(0) + start + length)
        for number, (start, length) in enumerate(drawn)
    ]
    for minute in minutes_seen:
        alive = [each for each in pods if each.started_at <= at(minute)]
        yield snapshot(minute, [node()], alive)


@for_all(seen=minutes, drawn=st.lists(lives, max_size=6))
def test_nobody_runs_longer_than_the_window_is_known(seen, drawn):
    time = hour(shots_of(seen, drawn))
    assert 0 <= time.known_seconds <= 3600
    for seconds in [s for _, s in time.nodes] + [p.seconds for p in time.pods]:
        assert 0 < seconds <= time.known_seconds


@for_all(seen=minutes, drawn=st.lists(lives, max_size=6), cut=st.integers(1, 59))
def test_two_parts_of_an_hour_sum_to_the_hour_where_a_snapshot_divides_it(seen, drawn, cut):
    seen = sorted({*seen, cut})
    middle = TEN_TO_ELEVEN.start + timedelta(minutes=cut)
    shots = list(shots_of(seen, drawn))
    whole = hour(shots)
    left = hour(shots, window=Window(TEN_TO_ELEVEN.start, middle))
    right = hour(shots, window=Window(middle, TEN_TO_ELEVEN.end))
    assert left.known_seconds + right.known_seconds == whole.known_seconds
    both = [each.seconds for half in (left, right) for each in half.pods]
    assert sum(both) == sum(each.seconds for each in whole.pods)


@for_all(seen=minutes, drawn=st.lists(lives, max_size=4))
def test_however_often_one_looks_a_dated_pod_never_runs_longer_than_it_did(seen, drawn):
    for run in hour(shots_of(seen, drawn)).pods:
        start, length = drawn[int(run.pod.uid[1:])]
        assert run.seconds <= min(start + length, 3600) - max(start, 0)


@pytest.mark.parametrize("every", [1, 5, 15, 60])
def test_any_interval_covers_its_hour(every):
    shots = [snapshot(m, [node()], every_minutes=every) for m in range(0, 61, every)]
    assert hour(shots).known_seconds == 3600
