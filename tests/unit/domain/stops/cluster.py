"""A small cluster: pods, machines, queues, pools and Jobs, as a stop reads and writes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from bursar.domain.cluster.records import CapacityType, Node, Pod
from bursar.domain.cluster.unowned import UNALLOCATED
from bursar.domain.stops.objects import Fields, ObjectKind, ObjectName, StoredObject
from bursar.domain.stops.planning import STOP_POLICY, SUSPEND, ClusterFacts
from bursar.domain.stops.steps import Move, Step, StepState, Verb, to_apply, to_undo

GPU, MIG, NEURON = "nvidia.com/gpu", "nvidia.com/mig-1g.10gb", "aws.amazon.com/neuron"
STOP = "search-20261101-manual-1"


def pod(namespace: str, workload: str, n: int = 0, /, **more: Any) -> Pod:
    told: dict[str, Any] = {"accelerators": {GPU: 1}, "node": "n1", **more}
    return Pod(
        uid=f"{namespace}/{workload}/{n}",
        namespace=namespace,
        workload=workload,
        model=UNALLOCATED,
        cpu_milli=1000,
        memory_bytes=2**30,
        started_at=1,
        **told,
    )


def pods(namespace: str, workload: str, replicas: int, **more: Any) -> list[Pod]:
    return [pod(namespace, workload, n, **more) for n in range(replicas)]


def node(name: str, group: str | None = None, **accelerators: int) -> Node:
    return Node(
        name=name,
        instance_type="p5.48xlarge",
        zone="eu-west-1a",
        capacity_type=CapacityType.ON_DEMAND,
        cpu_milli=192_000,
        memory_bytes=2**41,
        accelerators={GPU: accelerators["gpu"]} if accelerators else {},
        created_at=1,
        node_group=group,
    )


def stored(kind: ObjectKind, name: str, namespace: str = "", /, **more: Any) -> StoredObject:
    told: dict[str, Any] = {"fields": {}, "uid": f"uid-{name}", "version": "1", **more}
    return StoredObject(name=ObjectName(kind=kind, namespace=namespace, name=name), **told)


def queue(name: str, namespace: str = "research", policy: str | None = None) -> StoredObject:
    return stored(ObjectKind.LOCAL_QUEUE, name, namespace, fields={STOP_POLICY: policy})


def pool(name: str, limits: Fields | None = None, **amounts: int) -> StoredObject:
    has = {GPU: amounts["gpu"]} if amounts else {}
    return stored(ObjectKind.NODE_POOL, name, fields=limits or {}, amounts=has)


def job(name: str, namespace: str = "research", /, **more: Any) -> StoredObject:
    told: dict[str, Any] = {"fields": {SUSPEND: False}, "amounts": {GPU: 1}, **more}
    return stored(ObjectKind.JOB, name, namespace, **told)


def facts(**more: Any) -> ClusterFacts:
    told: dict[str, Any] = {"pods": (), "nodes": (node("n1", gpu=8),), **more}
    return ClusterFacts("prod", **told)


class Cluster:
    """Its objects by name, as a ClusterWriter would change them."""

    def __init__(self, objects: Iterable[StoredObject]) -> None:
        self.objects = {each.name: each for each in objects}
        self._made = 0

    def read(self, step: Step) -> StoredObject | None:
        return self.objects.get(step.object)

    def apply(self, step: Step) -> Step:
        return self._write(to_apply(step, self.read(step), STOP), STOP)

    def undo(self, step: Step) -> Step:
        return self._write(to_undo(step, self.read(step), STOP), "")

    def edit(self, name: ObjectName, **fields: Any) -> None:
        """What somebody else does."""
        old = self.objects[name]
        self.objects[name] = replace(old, fields={**old.fields, **fields})

    def _write(self, move: Move, stop: str) -> Step:
        step, name = move.step, move.step.object
        if move.verb is Verb.DELETE:
            del self.objects[name]
        elif move.verb is Verb.CREATE:
            self._made += 1
            made = stored(name.kind, name.name, name.namespace, fields=move.fields, stop=stop)
            self.objects[name] = replace(made, uid=f"made-{self._made}")
            return step.turned(StepState.APPLIED, uid=f"made-{self._made}")
        elif move.verb is Verb.CHANGE:
            old = self.objects[name]
            fields = {**old.fields, **(move.fields or {})}
            self.objects[name] = replace(old, fields=fields, stop=stop)
        return step
