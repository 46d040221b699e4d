"""What a stop plans in a cluster: new pods are refused, and nothing that runs is touched."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import strategies as st

from bursar.domain.stops.objects import ObjectKind, StoredObject
from bursar.domain.stops.planning import MOST_STEPS, ClusterFacts, Plan, headroom, plan, quota_name
from bursar.domain.stops.rules import Action, Place
from bursar.domain.stops.steps import Step
from tests.unit.domain.stops.cluster import (
    GPU,
    MIG,
    NEURON,
    STOP,
    facts,
    job,
    node,
    pod,
    pods,
    pool,
    queue,
)
from tests.unit.for_all import for_all

RESEARCH, WHOLE = Place("prod", "research"), Place("prod")


def planned(facts: ClusterFacts, *actions: Action, where: Place = RESEARCH, **more: Any) -> Plan:
    return plan(actions, (where,), facts, STOP, surge_percent=25, **more)


def only(found: Plan) -> Step:
    (step,) = found.steps
    return step


def test_a_quota_allows_what_is_there_and_one_rollout_beside_it() -> None:
    """Eight replicas of 2 GPUs: 16 now; 25% of 8 are 2 more pods: 16 + 2 x 2 = 20."""
    running = pods("research", "trainer", 8, accelerators={GPU: 2})
    step = only(planned(facts(pods=running), Action.CAP_ACCELERATORS))
    assert step.after == {"requests.nvidia.com/gpu": "20"}
    assert step.object.namespace == "research"
    assert step.object.name == quota_name(STOP)
    assert (step.uid, step.before) == (None, {})
    assert (
        step.does == "new pods in research get at most 20 nvidia.com/gpu (16 now, 4 to roll out)"
    )


def test_every_accelerator_that_is_seen_is_capped() -> None:
    """One MIG slice + 1 to replace it; whole GPUs and Neuron are not used here: 0."""
    machines = (node("n1", gpu=8),)
    running = [
        pod("research", "small", accelerators={MIG: 1}),
        pod("chat", "served", accelerators={NEURON: 4}),
    ]
    step = only(planned(facts(pods=running, nodes=machines), Action.CAP_ACCELERATORS))
    assert step.after == {
        f"requests.{NEURON}": "0",
        f"requests.{MIG}": "2",
        f"requests.{GPU}": "0",
    }


def test_a_pod_that_waits_counts_and_one_that_has_finished_does_not() -> None:
    found = [
        pod("research", "a", node=None, accelerators={GPU: 4}),
        pod("research", "b", finished_at=9, accelerators={GPU: 8}),
    ]
    step = only(planned(facts(pods=found), Action.CAP_ACCELERATORS))
    assert step.after == {"requests.nvidia.com/gpu": "8"}  # 4 + 4 that would replace them


@pytest.mark.parametrize(
    ("replicas", "percent", "spare"),
    [(1, 25, 1), (4, 25, 1), (5, 25, 2), (8, 25, 2), (10, 100, 10), (3, 0, 0)],
)
def test_a_rollout_adds_whole_pods_rounded_up(replicas: int, percent: int, spare: int) -> None:
    assert headroom(pods("a", "w", replicas), GPU, percent) == spare


def test_the_headroom_is_that_of_one_rollout_the_dearest() -> None:
    """Two replicas of 8 need 1 more pod: 8. Twenty of 1 need 5 more pods: 5."""
    found = pods("a", "big", 2, accelerators={GPU: 8}) + pods("a", "small", 20)
    assert headroom(found, GPU, 25) == 8


def test_a_whole_cluster_is_its_namespaces_with_accelerators_but_the_shared_ones() -> None:
    found = facts(
        pods=[
            pod("research", "a"),
            pod("chat", "b"),
            pod("web", "c", accelerators={}),
            pod("kube-system", "plugin"),
        ],
        shared_namespaces=("kube-system",),
    )
    steps = planned(found, Action.CAP_ACCELERATORS, where=WHOLE).steps
    assert [step.object.namespace for step in steps] == ["chat", "research"]


def test_a_cluster_without_accelerators_gets_no_quota_and_that_is_said() -> None:
    found = planned(facts(nodes=(node("n1"),)), Action.CAP_ACCELERATORS)
    assert found == Plan((), ("prod has no accelerators: no quota",))


def test_a_queue_is_held_and_never_drained() -> None:
    found = facts(queues=[queue("gpu", policy="None"), queue("other", "chat")])
    step = only(planned(found, Action.HOLD_QUEUES))
    assert (step.before, step.after) == ({"stopPolicy": "None"}, {"stopPolicy": "Hold"})
    assert step.uid == "uid-gpu"


@pytest.mark.parametrize("policy", ["Hold", "HoldAndDrain"])
def test_a_queue_that_stands_still_already_is_left_and_that_is_said(policy: str) -> None:
    found = planned(facts(queues=[queue("gpu", policy=policy)]), Action.HOLD_QUEUES)
    assert found == Plan((), (f"LocalQueue research/gpu is at {policy} already",))


def test_a_node_pool_keeps_the_accelerators_that_it_has() -> None:
    """Two machines of 8 are 16; the pool says 24, since one is on its way: 24."""
    found = facts(
        nodes=[node("n1", "gpu", gpu=8), node("n2", "gpu", gpu=8)],
        pools=[pool("gpu", {"cpu": "1000", GPU: "64"}, gpu=24)],
    )
    step = only(planned(found, Action.CAP_NODE_POOLS, where=WHOLE))
    assert (step.before, step.after) == ({GPU: "64"}, {GPU: "24"})


def test_a_node_pool_without_a_limit_gets_one_and_a_lower_limit_stays() -> None:
    found = facts(nodes=[node("n1", "gpu", gpu=8)], pools=[pool("gpu"), pool("small", {GPU: "0"})])
    told = planned(found, Action.CAP_NODE_POOLS, where=WHOLE)
    assert (only(told).before, only(told).after) == ({GPU: None}, {GPU: "8"})
    assert told.notes == ("NodePool small is limited to what it has already",)


def test_node_pools_are_not_capped_for_one_namespace_alone() -> None:
    found = planned(facts(pools=[pool("gpu")]), Action.CAP_NODE_POOLS)
    assert found == Plan((), ("node pools of prod serve more than research: not capped",))


def test_only_jobs_without_pods_that_ask_for_accelerators_are_suspended() -> None:
    found = facts(
        jobs=[
            job("waits"),
            job("runs", busy=True),
            job("cpu-only", amounts={}),
            job("suspended", fields={"suspend": True}),
            job("elsewhere", "chat"),
        ]
    )
    step = only(planned(found, Action.SUSPEND_QUEUED_JOBS))
    assert (step.object.name, step.before, step.after) == (
        "waits",
        {"suspend": False},
        {"suspend": True},
    )


def test_what_is_not_installed_is_said_and_the_rest_is_done() -> None:
    found = facts(pods=[pod("research", "a")], queues=None, pools=None, jobs=None)
    told = planned(found, *Action, where=WHOLE)
    assert [step.action for step in told.steps] == [Action.CAP_ACCELERATORS]
    assert told.notes == (
        "prod serves no LocalQueues: Kueue is not installed",
        "prod serves no NodePools: Karpenter is not installed",
        "prod serves no Jobs",
    )


def test_what_another_stop_holds_is_held_as_it_is_with_what_stood_first() -> None:
    first = only(planned(facts(queues=[queue("gpu", policy="None")]), Action.HOLD_QUEUES))
    held = {first.key: first}
    found = facts(queues=[queue("gpu", policy="Hold")])
    second = only(planned(found, Action.HOLD_QUEUES, held=held))
    assert (second.before, second.after) == (first.before, first.after)


def test_a_stop_changes_no_more_objects_than_one_item_can_tell_of() -> None:
    found = planned(
        facts(jobs=[job(f"j{n:03}") for n in range(MOST_STEPS + 7)]), Action.SUSPEND_QUEUED_JOBS
    )
    assert len(found.steps) == MOST_STEPS
    assert found.notes == ("7 more objects of prod are left as they are",)


_NAMESPACES = st.sampled_from(["research", "chat", "kube-system"])
_PODS = st.lists(
    st.builds(
        lambda namespace, workload, n, asked, running, done: pod(
            namespace,
            workload,
            n,
            accelerators=asked,
            node="n1" if running else None,
            finished_at=9 if done else None,
        ),
        _NAMESPACES,
        st.sampled_from(["a", "b"]),
        st.integers(0, 99),
        st.dictionaries(st.sampled_from([GPU, MIG, NEURON]), st.integers(1, 8)),
        st.booleans(),
        st.booleans(),
    ),
    max_size=20,
)
_JOBS = st.lists(
    st.builds(
        lambda n, busy, suspend: job(f"j{n}", busy=busy, fields={"suspend": suspend}),
        st.integers(0, 99),
        st.booleans(),
        st.booleans(),
    ),
    max_size=10,
    unique_by=lambda each: each.name.name,
)
_LIMITS = st.one_of(st.none(), st.integers(0, 40).map(str), st.just("many"))


@for_all(
    pods=_PODS,
    jobs=_JOBS,
    gpus=st.lists(st.integers(0, 8), max_size=4),
    limit=_LIMITS,
    whole=st.booleans(),
    surge=st.integers(0, 100),
)
def test_nothing_that_runs_is_ever_touched(
    pods: list[Any],
    jobs: list[StoredObject],
    gpus: list[int],
    limit: str | None,
    whole: bool,
    surge: int,
) -> None:
    """Quotas hold at least what is used, pools at least what they have; no busy Job is named."""
    machines = [node(f"n{n}", "gpu", gpu=count) for n, count in enumerate(gpus)]
    limits = {} if limit is None else {GPU: limit}
    found = facts(
        pods=pods,
        nodes=machines,
        jobs=jobs,
        pools=[pool("gpu", limits)],
        queues=[queue("q")],
        shared_namespaces=("kube-system",),
    )
    where = (WHOLE if whole else RESEARCH,)
    steps = plan(set(Action), where, found, STOP, surge_percent=surge).steps
    assert len({step.key for step in steps}) == len(steps)
    busy = {each.name for each in jobs if each.busy}
    for step in steps:
        if step.object.kind is ObjectKind.RESOURCE_QUOTA:
            _holds_what_is_used(step, pods)
        elif step.object.kind is ObjectKind.NODE_POOL:
            capped = int(str(step.after.get(GPU, sum(gpus))))
            assert capped >= sum(gpus)
            assert (
                GPU not in step.after or not (limit or "x").isdigit() or int(limit or 0) > capped
            )
        elif step.object.kind is ObjectKind.JOB:
            assert step.object not in busy
        else:
            assert step.after == {"stopPolicy": "Hold"}


def _holds_what_is_used(step: Step, pods: Collection[Any]) -> None:
    alive = [
        each
        for each in pods
        if each.namespace == step.object.namespace and each.finished_at is None
    ]
    for name in {name for each in alive for name in each.accelerators}:
        used = sum(each.accelerators.get(name, 0) for each in alive)
        assert int(str(step.after[f"requests.{name}"])) >= used
