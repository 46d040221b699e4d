"""The lives of nodes, pods, volumes and load balancers: what each is, and from when to when."""

from __future__ import annotations

from dataclasses import dataclass

from bursar.domain.cluster.records import Node
from bursar.domain.cluster.storage import VolumeSpec
from bursar.local.scenario.calendar import FOREVER, HOUR
from bursar.local.scenario.machines import NodeGroup
from bursar.local.scenario.shapes import Owner, PodShape

_SHOWN_AFTER_SUCCESS = HOUR  # the Jobs' ttlSecondsAfterFinished


@dataclass(frozen=True, slots=True)
class NodeLife:
    """An instance is billed from `launched` to `ended`; its Node joins a minute later."""

    record: Node
    group: NodeGroup
    instance_id: str
    joined: int
    launched: int
    ended: int

    def listed(self, at: int) -> bool:
        return self.joined <= at < self.ended


@dataclass(frozen=True, slots=True)
class PodLife:
    """A pod waits from `created`, runs from `started` to `finished`; a Job's stays listed."""

    uid: str
    name: str
    seed: int  # its own, for its usage
    shape: PodShape
    owner_name: str  # of its controller: a ReplicaSet, a Job ...
    template_hash: str  # "" where its owner sets none
    node: str
    created: int
    started: int
    finished: int
    claims: tuple[str, ...] = ()

    @property
    def listed_until(self) -> int:
        if self.shape.owner is Owner.JOB and self.finished < FOREVER:
            return self.finished + _SHOWN_AFTER_SUCCESS
        return self.finished

    def listed(self, at: int) -> bool:
        return self.created <= at < self.listed_until

    def running(self, at: int) -> bool:
        return self.started <= at < self.finished


@dataclass(frozen=True, slots=True)
class VolumeLife:
    """An EBS volume behind a PersistentVolume; from `released` on its claim is gone."""

    name: str
    spec: VolumeSpec
    zone: str
    capacity: str  # a Kubernetes quantity
    storage_class: str
    namespace: str
    claim: str
    created: int
    released: int = FOREVER
    ended: int = FOREVER

    def listed(self, at: int) -> bool:
        return self.created <= at < self.ended

    def phase(self, at: int) -> str:
        return "Bound" if at < self.released else "Released"


@dataclass(frozen=True, slots=True)
class BalancerLife:
    """A network load balancer behind a Service of type LoadBalancer."""

    namespace: str
    service: str
    host: str
    created: int
    ended: int = FOREVER

    def listed(self, at: int) -> bool:
        return self.created <= at < self.ended
