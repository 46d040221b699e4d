"""From a Pod as Kubernetes tells it to a Pod that costs money.

A cluster has 150,000 of them, so the common pod (one or two plain containers) takes short ways.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from sys import intern

import msgspec

from bursar.adapters.kubernetes_api.amounts import AmountReader, accelerators
from bursar.adapters.kubernetes_api.decoding import (
    UNDECODABLE,
    Metadata,
    PodItem,
    PodSpec,
    PodVolume,
    Resources,
    decode_container_statuses,
)
from bursar.domain.cluster.effective_requests import (
    Amounts,
    InitContainer,
    effective_requests,
    with_limits,
)
from bursar.domain.cluster.records import ClusterUnreadableError, Pod
from bursar.domain.cluster.unowned import UNALLOCATED
from bursar.domain.cluster.workloads import workload_name

Labels = Mapping[str, str]
Usage = Mapping[tuple[str, str], tuple[int, int]]  # (namespace, pod): CPU thousandths, bytes

_NO_LABELS: Labels = {}
_FARGATE_PROFILE = "eks.amazonaws.com/fargate-profile"
_FARGATE_CAPACITY = re.compile(r"([0-9.]+)vCPU ([0-9.]+)GB", re.ASCII)


class PodRecords:
    """Makes pods of one cluster: its namespaces' labels, its usage, the labels that are wanted."""

    def __init__(
        self,
        model_labels: Sequence[str],
        labels: Sequence[str],
        amounts: AmountReader,
        *,
        namespaces: Mapping[str, Labels],
        usage: Usage,
        fargate_nodes: Collection[str],
    ) -> None:
        self._model_labels = model_labels
        self._labels = labels
        self._amounts = amounts
        self._namespaces = namespaces
        self._usage = usage
        self._fargate_nodes = fargate_nodes

    def record(self, item: PodItem) -> Pod:
        meta, spec, status = item.metadata, item.spec, item.status
        labels = meta.labels or _NO_LABELS
        inherited = self._namespaces.get(meta.namespace, _NO_LABELS)
        asked = self._requests(meta, spec)
        cpu, memory = asked.get("cpu", 0), asked.get("memory", 0)
        if meta.annotations is not None and meta.annotations.fargate_capacity is not None:
            cpu, memory = self._fargate(item, meta.annotations.fargate_capacity, cpu, memory)
        used = self._usage.get((meta.namespace, meta.name)) if self._usage else None
        start = status.start_time
        return Pod(
            uid=meta.uid or f"{meta.namespace}/{meta.name}",
            # many pods share these names: one string each, or they outweigh all the rest
            namespace=intern(meta.namespace),
            workload=intern(_workload(meta, labels)),
            model=intern(_model(self._model_labels, labels, inherited)),
            node=intern(spec.node_name) if spec.node_name else None,
            cpu_milli=cpu,
            memory_bytes=memory,
            accelerators=accelerators(asked),
            started_at=None if start is None else int(start.timestamp()),
            finished_at=_finished_at(item) if status.phase in ("Succeeded", "Failed") else None,
            claims=_claims(meta.name, spec.volumes) if spec.volumes else (),
            labels=self._chosen(labels, inherited) if self._labels else {},
            cpu_used_milli=used[0] if used else None,
            memory_used_bytes=used[1] if used else None,
        )

    def _requests(self, meta: Metadata, spec: PodSpec) -> Amounts:
        containers = [self._resources(one.resources, meta) for one in spec.containers or ()]
        if not (spec.init_containers or spec.resources or spec.overhead):
            return effective_requests(containers)
        level, read = spec.resources or Resources(), self._amounts.read_often
        return effective_requests(
            containers,
            [
                InitContainer(self._resources(one.resources, meta), one.restart_policy == "Always")
                for one in spec.init_containers or ()
            ],
            pod_requests=read(level.requests, "pod", meta),
            pod_limits=read(level.limits, "pod", meta),
            overhead=read(spec.overhead, "pod", meta),
        )

    def _resources(self, given: Resources | None, meta: Metadata) -> Amounts:
        if given is None:
            return {}
        requests = self._amounts.read_often(given.requests, "pod", meta)
        if not given.limits or (given.requests and given.limits.keys() <= given.requests.keys()):
            return requests  # as the API server leaves nearly every pod
        return with_limits(requests, self._amounts.read_often(given.limits, "pod", meta))

    def _fargate(self, item: PodItem, capacity: str, cpu: int, memory: int) -> tuple[int, int]:
        """What Fargate bills: its own sizes, not the request. Only a pod that is on Fargate."""
        node = item.spec.node_name or ""
        on_fargate = (
            _FARGATE_PROFILE in (item.metadata.labels or ())
            or node in self._fargate_nodes
            or node.startswith("fargate-")
        )
        if not on_fargate:
            return cpu, memory
        match = _FARGATE_CAPACITY.fullmatch(capacity)
        try:
            if match:  # the "GB" of Fargate are GiB
                return int(Fraction(match[1]) * 1000), int(Fraction(match[2]) * 2**30)
        except ValueError:
            pass  # digits and dots, but no number
        self._amounts.note("pod", item.metadata, f'CapacityProvisioned "{capacity[:64]}" is odd')
        return cpu, memory

    def _chosen(self, labels: Labels, inherited: Labels) -> dict[str, str]:
        found = {name: labels.get(name) or inherited.get(name) for name in self._labels}
        return {name: value for name, value in found.items() if value}


def _model(names: Sequence[str], labels: Labels, inherited: Labels) -> str:
    for source in (labels, inherited) if inherited else (labels,):
        for name in names:
            if value := source.get(name):
                return value
    return UNALLOCATED


def _workload(meta: Metadata, labels: Labels) -> str:
    for owner in meta.owner_references or ():
        if owner.controller:
            return workload_name(
                meta.name, owner.kind, owner.name, labels.get("pod-template-hash")
            )
    return meta.name


def _claims(pod_name: str, volumes: Sequence[PodVolume]) -> tuple[str, ...]:
    claims: tuple[str, ...] = ()
    for volume in volumes:
        if volume.persistent_volume_claim is not None:
            claims += (volume.persistent_volume_claim.claim_name,)
        elif volume.ephemeral:
            claims += (f"{pod_name}-{volume.name}",)
    return claims


def _finished_at(item: PodItem) -> int | None:
    """When its last container ended; a pod that never ran finished as it started."""
    start = item.status.start_time or item.metadata.creation_timestamp
    ends = [start] if start else []
    for raw in (item.status.init_container_statuses, item.status.container_statuses):
        try:
            ends += _terminations(raw)
        except UNDECODABLE as error:
            name = f"{item.metadata.namespace}/{item.metadata.name}"
            raise ClusterUnreadableError(
                f"pods: {name}: its containers' states: {error}"
            ) from error
    return int(max(ends).timestamp()) if ends else None


def _terminations(raw: msgspec.Raw) -> list[datetime]:
    statuses = decode_container_statuses(raw) if raw else None
    return [
        status.state.terminated.finished_at
        for status in statuses or ()
        if status.state and status.state.terminated and status.state.terminated.finished_at
    ]
