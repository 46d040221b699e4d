"""What the pods of one workload have in common: containers, requests, labels, owner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from bursar.domain.cluster.effective_requests import Amounts, InitContainer, effective_requests
from bursar.domain.cluster.quantities import bytes_of, cpu_milli
from bursar.domain.cluster.unowned import UNALLOCATED
from bursar.local.scenario.machines import GPU


class Owner(StrEnum):
    """The kind of a workload's controller."""

    DEPLOYMENT = "Deployment"
    STATEFUL_SET = "StatefulSet"
    DAEMON_SET = "DaemonSet"
    JOB = "Job"


class Habit(StrEnum):
    """How a pod uses what it asked for."""

    SERVING = "serving"  # follows the load; idle at night
    STEADY = "steady"
    TRAINING = "training"  # busy from the first minute to the last
    INTERACTIVE = "interactive"  # mostly waits for a person
    RUNAWAY = "runaway"  # holds its GPUs and hardly uses them


@dataclass(frozen=True, slots=True)
class ContainerShape:
    """One container; cpu and memory are Kubernetes quantities, in whichever form people write."""

    name: str
    image: str
    cpu: str
    memory: str
    gpus: int = 0
    sidecar: bool = False  # of an init container: it keeps running

    @property
    def requests(self) -> Amounts:
        asked = {"cpu": cpu_milli(self.cpu), "memory": bytes_of(self.memory)}
        return asked | ({GPU: self.gpus} if self.gpus else {})


@dataclass(frozen=True)
class PodShape:
    """The template of a workload's pods. `model_label` is the label that names the model."""

    namespace: str
    workload: str
    owner: Owner
    containers: tuple[ContainerShape, ...]
    init_containers: tuple[ContainerShape, ...] = ()
    model: str = UNALLOCATED
    model_label: str = "model"
    team: str = ""  # the pod's own label; without it, its namespace's holds
    habit: Habit = Habit.STEADY

    @cached_property
    def effective(self) -> Amounts:
        """What the scheduler sets aside for one pod."""
        return effective_requests(
            [one.requests for one in self.containers],
            [InitContainer(one.requests, one.sidecar) for one in self.init_containers],
        )

    @cached_property
    def accelerators(self) -> Mapping[str, int]:
        return {name: units for name, units in self.effective.items() if name == GPU}

    @cached_property
    def running(self) -> tuple[tuple[ContainerShape, int, int], ...]:
        """The containers that metrics are told of, sidecars too, with CPU and bytes asked for."""
        sidecars = (one for one in self.init_containers if one.sidecar)
        return tuple(
            (one, cpu_milli(one.cpu), bytes_of(one.memory))
            for one in (*sidecars, *self.containers)
        )

    @cached_property
    def labels(self) -> Mapping[str, str]:
        labels = {"app": self.workload}
        if self.model != UNALLOCATED:
            labels[self.model_label] = self.model
        return labels | ({"team": self.team} if self.team else {})


# the `team` label of each namespace; kube-system belongs to nobody
TEAM_OF_NAMESPACE: Mapping[str, str] = {
    "search": "search",
    "chat": "chat",
    "assist": "assist",
    "media": "media",
    "platform": "platform",
    "pretrain": "foundation",
    "finetune": "applied-ml",
    "evals": "applied-ml",
    "research": "research",
    "karpenter": "platform",
    "kueue-system": "platform",
}
