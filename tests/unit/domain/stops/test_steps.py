"""Steps are applied once, undone exactly, and leave alone what somebody else has changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import strategies as st

from bursar.domain.stops.objects import ObjectKind, StoredObject
from bursar.domain.stops.planning import plan
from bursar.domain.stops.rules import Action, Place
from bursar.domain.stops.steps import Step, StepState, Verb, observed, to_apply, to_undo
from tests.unit.domain.stops.cluster import (
    GPU,
    STOP,
    Cluster,
    facts,
    job,
    node,
    pod,
    pool,
    queue,
    stored,
)
from tests.unit.for_all import for_all

QUEUE = queue("gpu", policy="None")
POOL = pool("gpu", {GPU: "64", "cpu": "1000"})
JOB = job("waits")
OBJECTS = (QUEUE, POOL, JOB)


def steps(*objects: StoredObject) -> tuple[Step, ...]:
    """Those of a stop of a whole cluster with one pod, on 8 GPUs."""
    by_kind = {kind: [o for o in objects if o.name.kind is kind] for kind in ObjectKind}
    found = facts(
        pods=[pod("research", "a")],
        nodes=[node("n1", "gpu", gpu=8)],
        queues=by_kind[ObjectKind.LOCAL_QUEUE],
        pools=by_kind[ObjectKind.NODE_POOL],
        jobs=by_kind[ObjectKind.JOB],
    )
    return plan(set(Action), (Place("prod"),), found, STOP, surge_percent=25).steps


def of(kind: ObjectKind, found: tuple[Step, ...]) -> Step:
    (step,) = (each for each in found if each.object.kind is kind)
    return step


def applied(cluster: Cluster, *objects: StoredObject) -> tuple[Step, ...]:
    return tuple(cluster.apply(step) for step in steps(*objects))


def content(cluster: Cluster) -> dict[str, Any]:
    """Without who wrote it last."""
    return {
        str(n): {k: v for k, v in o.fields.items() if v is not None}
        for n, o in cluster.objects.items()
    }


def test_a_stop_and_its_reversal_leave_everything_as_it_was() -> None:
    cluster = Cluster(OBJECTS)
    before = content(cluster)
    done = applied(cluster, *OBJECTS)
    assert {step.state for step in done} == {StepState.APPLIED}
    assert content(cluster) == {
        "LocalQueue research/gpu": {"stopPolicy": "Hold"},
        "NodePool gpu": {GPU: "8", "cpu": "1000"},
        "Job research/waits": {"suspend": True},
        f"ResourceQuota research/bursar-stop-{STOP}": {f"requests.{GPU}": "2"},
    }
    assert {cluster.undo(step).state for step in done} == {StepState.RESTORED}
    assert content(cluster) == before


def test_a_run_that_broke_off_after_writing_finds_its_own_work() -> None:
    cluster = Cluster(OBJECTS)
    planned = steps(*OBJECTS)
    for step in planned:
        cluster.apply(step)
    again = [to_apply(step, cluster.read(step), STOP) for step in planned]
    assert {move.verb for move in again} == {Verb.NOTHING}
    assert {move.step.state for move in again} == {StepState.APPLIED}
    assert {cluster.undo(step).state for step in planned} == {StepState.RESTORED}
    assert content(cluster) == content(Cluster(OBJECTS))


def test_a_job_that_got_pods_since_it_was_planned_runs_on() -> None:
    step = of(ObjectKind.JOB, steps(*OBJECTS))
    move = to_apply(step, replace(JOB, busy=True), STOP)
    assert (move.verb, move.step.state) == (Verb.NOTHING, StepState.LEFT)
    assert "runs on" in move.step.told


def test_what_changed_between_plan_and_write_is_left() -> None:
    step = of(ObjectKind.LOCAL_QUEUE, steps(*OBJECTS))
    for found in (None, replace(QUEUE, uid="another"), queue("gpu", policy="HoldAndDrain")):
        assert to_apply(step, found, STOP).step.state is StepState.LEFT


def test_somebody_elses_quota_of_the_same_name_is_neither_used_nor_deleted() -> None:
    step = of(ObjectKind.RESOURCE_QUOTA, steps(*OBJECTS))
    theirs = stored(ObjectKind.RESOURCE_QUOTA, step.object.name, "research", stop="")
    assert to_apply(step, theirs, STOP).step.state is StepState.LEFT
    assert to_undo(step.turned(StepState.APPLIED), theirs, STOP).verb is Verb.NOTHING


def test_a_field_that_somebody_else_has_set_since_stays_and_the_others_go_back() -> None:
    both = pool("gpu", {GPU: "64", "amd.com/gpu": "9"})
    cluster = Cluster([both])
    step = of(ObjectKind.NODE_POOL, steps(both)).model_copy(
        update={
            "before": {GPU: "64", "amd.com/gpu": "9"},
            "after": {GPU: "8", "amd.com/gpu": "0"},
        }
    )
    done = cluster.apply(step)
    cluster.edit(step.object, **{GPU: "16"})
    undone = cluster.undo(done)
    assert content(cluster) == {"NodePool gpu": {GPU: "16", "amd.com/gpu": "9"}}
    assert undone.state is StepState.LEFT
    assert undone.told == "somebody else has set nvidia.com/gpu since: it stays"


def test_a_job_that_somebody_let_run_and_suspended_again_stays_suspended() -> None:
    step = of(ObjectKind.JOB, steps(*OBJECTS)).turned(StepState.APPLIED)
    theirs = replace(JOB, fields={"suspend": True}, stop="")
    assert to_undo(step, theirs, STOP).verb is Verb.NOTHING


@pytest.mark.parametrize(
    ("kind", "fields", "told"),
    [
        (ObjectKind.LOCAL_QUEUE, {"stopPolicy": "None"}, "stopPolicy"),
        (ObjectKind.NODE_POOL, {GPU: "64"}, GPU),
        (ObjectKind.JOB, {"suspend": False}, "suspend"),
    ],
)
def test_what_a_controller_reverts_is_seen_once(kind: Any, fields: Any, told: str) -> None:
    cluster = Cluster(OBJECTS)
    step = of(kind, applied(cluster, *OBJECTS))
    assert observed(step, cluster.read(step)) is step
    cluster.edit(step.object, **fields)
    seen = observed(step, cluster.read(step))
    assert (seen.state, seen.told) == (StepState.DRIFTED, f"somebody has changed {told} back")
    assert observed(seen, cluster.read(step)) is seen
    assert cluster.undo(seen).state is StepState.RESTORED  # it stands as before already


def test_a_deleted_quota_is_drift_and_a_deleted_job_is_not() -> None:
    cluster = Cluster(OBJECTS)
    done = applied(cluster, *OBJECTS)
    quota, job = of(ObjectKind.RESOURCE_QUOTA, done), of(ObjectKind.JOB, done)
    assert observed(quota, None).state is StepState.DRIFTED
    assert observed(job, None).state is StepState.LEFT


_EDITS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["64", "3", "None", "Hold", None])), max_size=4
)


@for_all(
    limit=st.one_of(st.none(), st.integers(9, 99).map(str)),
    policy=st.sampled_from([None, "None"]),
    cut=st.integers(0, 4),
    edits=_EDITS,
)
def test_a_reversal_restores_what_nobody_else_changed(
    limit: str | None, policy: str | None, cut: int, edits: list[tuple[int, Any]]
) -> None:
    """Wherever applying broke off, and whatever others set since: that stays, the rest is back."""
    objects = (queue("gpu", policy=policy), pool("gpu", {GPU: limit} if limit else {}), JOB)
    cluster, untouched = Cluster(objects), Cluster(objects)
    found = steps(*objects)
    done = [*(cluster.apply(step) for step in found[:cut]), *found[cut:]]
    foreign = {}
    for n, value in edits:
        step = done[n % len(done)]
        name = next(iter(step.after))
        if step.object in cluster.objects and not step.creates:
            cluster.edit(step.object, **{name: value})
            foreign[step.object] = (name, value, step)
    for step in done:
        cluster.undo(step)
    for name, object_ in untouched.objects.items():
        was, now = object_.fields, cluster.objects[name].fields
        if name not in foreign:
            assert all(now.get(field) == was.get(field) for field in {*was, *now})
            continue
        field, value, step = foreign[name]
        ours = value == step.after[field]  # it reads as if we had set it
        assert now.get(field) in ({value, was.get(field)} if ours else {value})
    assert set(cluster.objects) == set(untouched.objects)
