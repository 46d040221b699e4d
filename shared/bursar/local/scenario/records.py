"""A state as Bursar's own records: what a reader of the cluster's API would have made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bursar.domain.cluster.quantities import bytes_of
from bursar.domain.cluster.records import Inventory, LoadBalancer, Pod, Volume
from bursar.domain.cluster.storage import VolumeSpec
from bursar.local.scenario.lives import PodLife, VolumeLife
from bursar.local.scenario.scenario import ClusterState, Scenario
from bursar.local.scenario.shapes import TEAM_OF_NAMESPACE, Owner, PodShape
from bursar.local.scenario.storage_classes import STORAGE_CLASSES
from bursar.local.scenario.usage import usage

EBS_DRIVER = "ebs.csi.aws.com"


def inventory(state: ClusterState) -> Inventory:
    """Everything but the pods."""
    return Inventory(
        nodes=tuple(life.record for life in state.nodes),
        volumes=tuple(_volume(life, state.at) for life in state.volumes),
        load_balancers=tuple(
            LoadBalancer(life.namespace, life.service, "network") for life in state.balancers
        ),
        kubernetes_version=state.cluster.kubernetes_version,
        is_eks=True,
    )


def volume_specs(scenario: Scenario, cluster: str) -> list[VolumeSpec]:
    """Every EBS volume that a cluster ever has, as EC2 describes it."""
    return [life.spec for life in scenario.fleet(cluster).volumes]


def pods(state: ClusterState, labels: Sequence[str] = ("team",)) -> tuple[Pod, ...]:
    """Every pod, with its usage; `labels` are the further ones to break costs down by."""
    chosen = {id(life.shape): _labels(life.shape, labels) for life in state.pods}
    return tuple(_pod(life, state, chosen[id(life.shape)]) for life in state.pods)


def _pod(life: PodLife, state: ClusterState, labels: Mapping[str, str]) -> Pod:
    shape, at = life.shape, state.at
    used = usage(life, at, state.load)
    begun = at >= life.started
    finished = shape.owner is Owner.JOB and at >= life.finished
    return Pod(
        uid=life.uid,
        namespace=shape.namespace,
        workload=shape.workload,
        model=shape.model,
        node=life.node if begun else None,
        cpu_milli=shape.effective["cpu"],
        memory_bytes=shape.effective["memory"],
        accelerators=shape.accelerators,
        started_at=life.started if begun else None,
        finished_at=life.finished if finished else None,
        claims=life.claims,
        labels=labels,
        cpu_used_milli=sum(cpu for _, cpu, _ in used) if used else None,
        memory_used_bytes=sum(kib * 1024 for _, _, kib in used) if used else None,
    )


def _labels(shape: PodShape, names: Sequence[str]) -> Mapping[str, str]:
    own, inherited = shape.labels, {"team": TEAM_OF_NAMESPACE.get(shape.namespace, "")}
    found = {name: own.get(name) or inherited.get(name, "") for name in names}
    return {name: value for name, value in found.items() if value}


def _volume(life: VolumeLife, at: int) -> Volume:
    return Volume(
        name=life.name,
        capacity_bytes=bytes_of(life.capacity),
        phase=life.phase(at),
        driver=EBS_DRIVER,
        volume_id=life.spec.volume_id,
        claim_namespace=life.namespace,
        claim_name=life.claim,
        storage_class=life.storage_class,
        class_parameters=STORAGE_CLASSES[life.storage_class].parameters,
        created_at=life.created,
    )
