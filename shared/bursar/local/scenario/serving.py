"""Four models served on GPUs: replicas follow the load, and nodes follow the replicas."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bursar.local.scenario.calendar import MINUTE, Calendar
from bursar.local.scenario.fleet import Fleet
from bursar.local.scenario.machines import ZONES, NodeGroup
from bursar.local.scenario.replicas import Span, autoscaled, revisions
from bursar.local.scenario.shapes import ContainerShape, Habit, Owner, PodShape

SHORTEST_NODE_LIFE = 66 * MINUTE  # so that a look every hour sees each node
_EMPTY_FOR = 10 * MINUTE  # before a node is taken away

Run = tuple[Span, int]  # of one replica, and which replica it is


@dataclass(frozen=True, slots=True)
class ServedModel:
    """One deployment; `at_peak` replicas on the first weekday, never under `fewest`."""

    shape: PodShape
    at_peak: float
    fewest: int
    instance_type: str
    pods_per_node: int = 1

    @property
    def group(self) -> NodeGroup:
        name = f"gpu-{self.instance_type.replace('.', '-')}"
        return NodeGroup(name, self.instance_type, team=self.shape.namespace)


def _shape(
    name: str, namespace: str, container: ContainerShape, *, label: str = "model", team: str = ""
) -> PodShape:
    return PodShape(
        namespace,
        f"{name}-{container.name}",
        Owner.DEPLOYMENT,
        (container,),
        model=name,
        model_label=label,
        team=team,
        habit=Habit.SERVING,
    )


_VLLM = "docker.io/vllm/vllm-openai:v0.11.0"
MODELS = (
    ServedModel(
        _shape("llama-3-1-8b", "search", ContainerShape("vllm", _VLLM, "3", "12Gi", 1)),
        at_peak=7.0,
        fewest=2,
        instance_type="g5.xlarge",
    ),
    ServedModel(
        _shape(
            "mistral-7b",
            "chat",
            ContainerShape("vllm", _VLLM, "2500m", "12288Mi", 1),
            label="app.kubernetes.io/model",
            team="chat",
        ),
        at_peak=4.4,
        fewest=1,
        instance_type="g6.xlarge",
    ),
    ServedModel(
        _shape("qwen2-72b", "assist", ContainerShape("vllm", _VLLM, "40", "160Gi", 4)),
        at_peak=1.7,
        fewest=1,
        instance_type="g5.12xlarge",
    ),
    ServedModel(
        _shape(
            "sdxl",
            "media",
            ContainerShape("diffusers", "docker.io/media/diffusers:2.3", "3.5", "24e9", 1),
            label="serving.kserve.io/inferenceservice",
        ),
        at_peak=2.8,
        fewest=1,
        instance_type="g6e.xlarge",
    ),
)


def plan_serving(fleet: Fleet, calendar: Calendar) -> None:
    """Plan the pods and GPU nodes of every model: replica k lives on node k // pods_per_node."""
    for model in MODELS:
        random_of = fleet.randomness(f"serving/{model.shape.workload}")
        slots = autoscaled(calendar, model.at_peak, model.fewest)
        for first in range(0, len(slots), model.pods_per_node):
            of_node = range(first, min(first + model.pods_per_node, len(slots)))
            runs = sorted((span, slot) for slot in of_node for span in slots[slot])
            zone = ZONES[first // model.pods_per_node % len(ZONES)]
            for together in _on_one_node(runs):
                _plan_node(fleet, calendar, model, zone, together, random_of)


def _on_one_node(runs: Sequence[Run]) -> Iterator[list[Run]]:
    """Group the runs that find their node still there when they begin."""
    together: list[Run] = []
    gone_at = 0
    for span, slot in runs:
        if together and span[0] > gone_at:
            yield together
            together = []
        start = together[0][0][0] if together else span[0]
        gone_at = max(gone_at, span[1] + _EMPTY_FOR, start + SHORTEST_NODE_LIFE)
        together.append((span, slot))
    if together:
        yield together


def _plan_node(
    fleet: Fleet,
    calendar: Calendar,
    model: ServedModel,
    zone: str,
    runs: Sequence[Run],
    random_of: random.Random,
) -> None:
    first = min(span[0] for span, _ in runs)
    last = max(span[1] for span, _ in runs)
    ready = first + random_of.randrange(1, 50)
    launched = ready - random_of.randrange(165, 200)
    emptied = last + random_of.randrange(_EMPTY_FOR - MINUTE, _EMPTY_FOR + MINUTE)
    ended = max(emptied, launched + SHORTEST_NODE_LIFE)
    node = fleet.add_node(model.group, zone, launched, ended).record.name
    for (begin, end), slot in runs:
        start = max(ready, begin + random_of.randrange(5, 50))
        # the first pod was waiting when its node was asked for
        created = launched - 35 if begin == first else start - 4
        for since, to, revision in revisions(calendar, start, end + slot % 7, slot):
            fleet.add_pod(
                model.shape,
                node,
                since,
                to,
                created=created if since == start else since - 4,
                revision=revision,
            )
