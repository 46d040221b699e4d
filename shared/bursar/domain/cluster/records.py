"""What a Kubernetes cluster holds, reduced to what costs money.

Plain slotted dataclasses: a cluster has 150,000 pods, and these are what is kept of each.
Times are whole seconds since the epoch (UTC), sizes are bytes, CPU is in thousandths.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

NETWORK_DRIVER = "network/"  # and `efs` or `fsx`: a file system that is mounted by its host name


class ClusterUnreadableError(Exception):
    """The cluster did not answer, refused us, or answered with half a list. There is no number."""


class CapacityType(StrEnum):
    ON_DEMAND = "on_demand"
    SPOT = "spot"
    FARGATE = "fargate"
    CAPACITY_BLOCK = "capacity_block"


@dataclass(frozen=True, slots=True)
class Node:
    """One machine. `None` means that the node does not say (a node without labels)."""

    name: str
    instance_type: str | None
    zone: str | None
    capacity_type: CapacityType
    cpu_milli: int
    memory_bytes: int
    accelerators: Mapping[str, int]  # resource name -> units in status.capacity
    created_at: int | None
    node_group: str | None = None
    instance_id: str | None = None
    has_public_ip: bool = False
    auto_mode: bool = False
    arm: bool = False
    gpu_count: int | None = None  # physical ones (label nvidia.com/gpu.count), if time-sliced

    @property
    def identity(self) -> tuple[str, str | int | None]:
        """A name comes back: EKS names nodes by addresses, which other instances inherit."""
        return self.name, self.instance_id or self.created_at


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod with Kubernetes' effective requests, and its usage where a metrics source exists."""

    uid: str
    namespace: str
    workload: str
    model: str  # UNALLOCATED without a model label
    node: str | None  # None while pending
    cpu_milli: int
    memory_bytes: int
    accelerators: Mapping[str, int]
    started_at: int | None
    finished_at: int | None = None  # Succeeded or Failed: when its last container ended
    claims: tuple[str, ...] = ()  # persistent volume claims that it mounts
    labels: Mapping[str, str] = field(default_factory=dict)  # only the configured ones
    cpu_used_milli: int | None = None
    memory_used_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Volume:
    """One PersistentVolume, joined with its claim and its StorageClass."""

    name: str
    capacity_bytes: int
    phase: str  # Bound, Released, Available, Failed
    driver: str | None  # ebs.csi.aws.com, efs.csi.aws.com, kubernetes.io/aws-ebs ...
    volume_id: str | None  # vol-..., fs-...
    claim_namespace: str | None
    claim_name: str | None
    storage_class: str | None
    class_parameters: Mapping[str, str] = field(default_factory=dict)  # type, iops, throughput
    created_at: int | None = None  # epoch seconds, of the PersistentVolume


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """One Service of type LoadBalancer. `kind`: network | classic."""

    namespace: str
    service: str
    kind: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything but the pods, which are too many to hold."""

    nodes: tuple[Node, ...]
    volumes: tuple[Volume, ...]
    load_balancers: tuple[LoadBalancer, ...]
    kubernetes_version: str | None  # "1.33"
    is_eks: bool
    not_served: tuple[str, ...] = ()  # optional lists that answered 404 or 403


@dataclass(frozen=True, slots=True)
class ClusterSnapshot:
    """A cluster at one instant; `interval_seconds` is how often it is configured to be seen."""

    cluster: str
    at: int
    interval_seconds: int
    inventory: Inventory
    pods: tuple[Pod, ...]
