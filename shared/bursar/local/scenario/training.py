"""Training Jobs on weekdays, notebooks, and the Job that nobody ended."""

from __future__ import annotations

import random
from dataclasses import dataclass

from bursar.local.scenario.calendar import (
    DAY,
    FOREVER,
    HOUR,
    MINUTE,
    Calendar,
    instant,
    is_weekend,
)
from bursar.local.scenario.fleet import Fleet
from bursar.local.scenario.machines import ZONES, NodeGroup
from bursar.local.scenario.services import plan_standing_nodes
from bursar.local.scenario.shapes import ContainerShape, Habit, Owner, PodShape

RUNAWAY_NAMESPACE = "research"
RUNAWAY_WORKLOAD = "sweep-runaway"
RUNAWAY_NODES = 3

_PYTORCH = "docker.io/pytorch/pytorch:2.9.0-cuda12.8-cudnn9-runtime"
_P4D = NodeGroup("gpu-p4d", "p4d.24xlarge", team="foundation", karpenter=True)
_SWEEPS = NodeGroup("gpu-p4d-research", "p4d.24xlarge", team="research", karpenter=True)
_SPOT = NodeGroup("gpu-spot", "g5.12xlarge", team="applied-ml", karpenter=True, spot=True)
_NOTEBOOKS = NodeGroup("notebooks", "g5.xlarge", team="research", karpenter=True, public=True)
_CONTROLLERS = NodeGroup("controllers", "m5.2xlarge", team="platform")


@dataclass(frozen=True, slots=True)
class JobKind:
    """Jobs that a team starts: how many a weekday, for how long, on how many nodes."""

    namespace: str
    stems: tuple[str, ...]
    model: str
    group: NodeGroup
    container: ContainerShape
    per_day: tuple[int, int]
    minutes: tuple[int, int]
    nodes: tuple[int, int]
    zones: tuple[str, ...] = ZONES


JOB_KINDS = (
    JobKind(
        "pretrain",
        ("pretrain-domain", "continue-pretrain"),
        "llama-3-1-8b",
        _P4D,
        ContainerShape("trainer", _PYTORCH, "90", "1000Gi", 8),
        per_day=(0, 1),
        minutes=(5 * 60, 14 * 60),
        nodes=(1, 2),
        zones=ZONES[1:2],
    ),
    JobKind(
        "finetune",
        ("finetune-support", "finetune-ranker", "lora-sweep"),
        "mistral-7b",
        _SPOT,
        ContainerShape("trainer", _PYTORCH, "44000m", "170G", 4),
        per_day=(1, 3),
        minutes=(3 * 60, 9 * 60),
        nodes=(1, 2),
    ),
    JobKind(
        "evals",
        ("eval-nightly", "eval-regression"),
        "qwen2-72b",
        _SPOT,
        ContainerShape("runner", "docker.io/evals/runner:0.9", "20", "85899345920", 2),
        per_day=(1, 2),
        minutes=(3 * 60, 5 * 60),
        nodes=(1, 1),
    ),
)


def plan_training(fleet: Fleet, calendar: Calendar) -> None:
    """Plan the training cluster."""
    _plan_controllers(fleet, calendar)
    for kind in JOB_KINDS:
        random_of = fleet.randomness(f"jobs/{kind.namespace}")
        for midnight in calendar.midnights():
            count = 0 if is_weekend(midnight) else random_of.randint(*kind.per_day)
            for order in range(count):
                _plan_job(fleet, kind, midnight, order, random_of)
    _plan_notebooks(fleet, calendar)
    _plan_runaway(fleet, calendar)


def _plan_job(
    fleet: Fleet, kind: JobKind, midnight: int, order: int, random_of: random.Random
) -> None:
    start = midnight + random_of.randrange(7 * HOUR, 18 * HOUR)
    finish = start + random_of.randrange(kind.minutes[0] * MINUTE, kind.minutes[1] * MINUTE)
    stem = random_of.choice(kind.stems)
    # the day and a letter: shorter than what a CronJob would append
    job = f"{stem}-{instant(midnight):%m%d}-{'abc'[order]}"
    shape = PodShape(
        kind.namespace,
        job,
        Owner.JOB,
        (kind.container,),
        model=f"{kind.model}-ft" if kind.namespace != "evals" else kind.model,
        habit=Habit.TRAINING,
    )
    zone = random_of.choice(kind.zones)
    for _ in range(random_of.randint(*kind.nodes)):
        launched = start - random_of.randrange(165, 200)
        ended = finish + random_of.randrange(9 * MINUTE, 11 * MINUTE)
        node = fleet.add_node(kind.group, zone, launched, ended).record.name
        fleet.add_pod(
            shape,
            node,
            start + random_of.randrange(0, 20),
            finish - random_of.randrange(0, 20),
            created=launched - 35,
            job=job,
        )


def _plan_controllers(fleet: Fleet, calendar: Calendar) -> None:
    nodes = plan_standing_nodes(fleet, calendar, _CONTROLLERS, 2)
    for namespace, workload, image, cpu, memory in (
        ("karpenter", "karpenter", "public.ecr.aws/karpenter/controller:1.8.1", "1", "1Gi"),
        ("kueue-system", "kueue-controller", "registry.k8s.io/kueue/kueue:v0.14", "2", "512Mi"),
        ("kube-system", "coredns", "registry.k8s.io/coredns/coredns:v1.12.3", "100m", "70Mi"),
    ):
        container = ContainerShape(workload, image, cpu, memory)
        shape = PodShape(namespace, workload, Owner.DEPLOYMENT, (container,))
        for node in nodes:
            fleet.add_pod(shape, node, calendar.first, FOREVER)


def _plan_notebooks(fleet: Fleet, calendar: Calendar) -> None:
    """Three people's notebooks on a GPU each: two are stopped at night, one never is."""
    random_of = fleet.randomness("notebooks")
    container = ContainerShape("notebook", "quay.io/jupyter/pytorch-notebook", "2", "10Gi", 1)
    for person, stops in (("ana", True), ("ben", True), ("chen", False)):
        workload = f"notebook-{person}"
        shape = PodShape(
            "research", workload, Owner.STATEFUL_SET, (container,), habit=Habit.INTERACTIVE
        )
        fleet.add_volume(
            ("gp3", 100, 3000, 125),
            ("research", f"home-{workload}-0"),
            zone=ZONES[2],
            capacity="100Gi",
            storage_class="gp3",
            created=calendar.first - 40 * DAY + random_of.randrange(DAY),
        )
        spans = [(calendar.first + 9 * HOUR, FOREVER)]
        if stops:
            spans = [
                (
                    midnight + random_of.randrange(8 * HOUR, 10 * HOUR),
                    midnight + random_of.randrange(17 * HOUR, 21 * HOUR),
                )
                for midnight in calendar.midnights()
                if not is_weekend(midnight)
            ]
        for start, end in spans:
            launched = start - random_of.randrange(165, 200)
            gone = end if end == FOREVER else end + random_of.randrange(9 * MINUTE, 11 * MINUTE)
            node = fleet.add_node(_NOTEBOOKS, ZONES[2], launched, gone).record.name
            claims = (f"home-{workload}-0",)
            fleet.add_pod(shape, node, start, end, created=launched - 35, claims=claims)


def _plan_runaway(fleet: Fleet, calendar: Calendar) -> None:
    """A sweep whose stopping rule never fires: 24 GPUs, from a night in the last days on."""
    random_of = fleet.randomness("runaway")
    start = int(calendar.runaway_at.timestamp())
    shape = PodShape(
        RUNAWAY_NAMESPACE,
        RUNAWAY_WORKLOAD,
        Owner.JOB,
        (ContainerShape("sweep", _PYTORCH, "90", "1000Gi", 8),),
        habit=Habit.RUNAWAY,
    )
    for order in range(RUNAWAY_NODES):
        launched = start - random_of.randrange(165, 200)
        node = fleet.add_node(_SWEEPS, ZONES[1], launched, FOREVER).record.name
        fleet.add_pod(shape, node, start + 2 * order, FOREVER, created=launched - 35)
