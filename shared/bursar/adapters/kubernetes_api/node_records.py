"""From a Node as Kubernetes tells it to a Node that costs money."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from bursar.adapters.kubernetes_api.amounts import AmountReader, accelerators
from bursar.adapters.kubernetes_api.decoding import NodeItem
from bursar.domain.cluster.records import CapacityType, Node

_INSTANCE_TYPE = ("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type")
_ZONE = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
_ARCH = ("kubernetes.io/arch", "beta.kubernetes.io/arch")
_CAPACITY_TYPE = ("eks.amazonaws.com/capacityType", "karpenter.sh/capacity-type")
_COMPUTE_TYPE = "eks.amazonaws.com/compute-type"
_NODE_GROUP = (
    "eks.amazonaws.com/nodegroup",
    "karpenter.sh/nodepool",
    "alpha.eksctl.io/nodegroup-name",
    "sagemaker.amazonaws.com/instance-group-name",
)
_GPU_COUNT = "nvidia.com/gpu.count"
_CAPACITY_TYPES = {
    "SPOT": CapacityType.SPOT,
    "CAPACITY_BLOCK": CapacityType.CAPACITY_BLOCK,
    "spot": CapacityType.SPOT,
    # Karpenter's `reserved` runs in a capacity reservation, which is paid at the on-demand
    # rate whether it is used or not; its unused part is a cost of its own
    "reserved": CapacityType.ON_DEMAND,
}
_EC2_PROVIDER_ID = re.compile(r"aws:///[^/]*/(i-[0-9a-f]+)", re.ASCII)
_RELEASE = re.compile(r"v?(\d+)\.(\d+)", re.ASCII)


def node_record(item: NodeItem, amounts: AmountReader) -> Node:
    """A machine with its whole capacity: what the kubelet reserves is paid for too."""
    labels = item.metadata.labels or {}
    capacity = amounts.read(item.status.capacity, "node", item.metadata)
    created = item.metadata.creation_timestamp
    instance = _EC2_PROVIDER_ID.fullmatch(item.spec.provider_id)  # HyperPod's and Fargate's differ
    return Node(
        name=item.metadata.name,
        instance_type=_first(labels, _INSTANCE_TYPE),
        zone=_first(labels, _ZONE),
        capacity_type=_capacity_type(labels),
        cpu_milli=capacity.get("cpu", 0),
        memory_bytes=capacity.get("memory", 0),
        accelerators=accelerators(capacity),
        created_at=None if created is None else int(created.timestamp()),
        node_group=_first(labels, _NODE_GROUP),
        instance_id=instance[1] if instance else None,
        has_public_ip=any(one.type == "ExternalIP" for one in item.status.addresses or ()),
        auto_mode=labels.get(_COMPUTE_TYPE) == "auto",
        arm=_first(labels, _ARCH) == "arm64",
        gpu_count=_physical_gpus(labels),
    )


def looks_like_eks(item: NodeItem) -> bool:
    """Whether the node says that it is EKS's."""
    return (
        item.spec.provider_id.startswith("aws://")
        or "-eks-" in kubelet_version(item)
        or any(
            label.startswith("eks.amazonaws.com/") or label == "k8s.io/cloud-provider-aws"
            for label in item.metadata.labels or ()
        )
    )


def kubelet_version(item: NodeItem) -> str:
    return item.status.node_info.kubelet_version if item.status.node_info else ""


def release(version: str) -> str | None:
    """`v1.33.3-eks-ace6451` is of release `1.33`."""
    match = _RELEASE.match(version)
    return f"{match[1]}.{match[2]}" if match else None


def _capacity_type(labels: Mapping[str, str]) -> CapacityType:
    if labels.get(_COMPUTE_TYPE) == "fargate":
        return CapacityType.FARGATE
    return _CAPACITY_TYPES.get(_first(labels, _CAPACITY_TYPE) or "", CapacityType.ON_DEMAND)


def _physical_gpus(labels: Mapping[str, str]) -> int | None:
    """As NVIDIA's feature discovery counts them; time-slicing multiplies only the capacity."""
    said = labels.get(_GPU_COUNT, "")
    return int(said) if said.isascii() and said.isdigit() else None


def _first(labels: Mapping[str, str], names: Iterable[str]) -> str | None:
    return next((labels[name] for name in names if labels.get(name)), None)
