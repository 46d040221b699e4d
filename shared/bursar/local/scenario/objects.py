"""A state as Kubernetes objects: what the cluster's API server would answer, list by list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bursar.local.scenario.calendar import instant
from bursar.local.scenario.lives import BalancerLife, NodeLife, VolumeLife
from bursar.local.scenario.pod_objects import pod_metrics, pod_object
from bursar.local.scenario.records import EBS_DRIVER
from bursar.local.scenario.scenario import ClusterState
from bursar.local.scenario.shapes import TEAM_OF_NAMESPACE
from bursar.local.scenario.storage_classes import STORAGE_CLASSES

Object = dict[str, Any]

_NAMESPACES = {
    "inference": ("assist", "chat", "default", "kube-system", "media", "platform", "search"),
    "training": (
        "default",
        "evals",
        "finetune",
        "karpenter",
        "kube-system",
        "kueue-system",
        "pretrain",
        "research",
    ),
}


def kubernetes_objects(state: ClusterState, plural: str) -> list[Object]:
    """One list of the API. Pod metrics are asked for as `metrics`.

    Raises:
        LookupError: the cluster does not serve that list.
    """
    return _LISTS[plural](state)


def _nodes(state: ClusterState) -> list[Object]:
    return [_node(life, state.cluster.git_version) for life in state.nodes]


def _node(life: NodeLife, git_version: str) -> Object:
    record, group, machine = life.record, life.group, life.group.machine
    capacity: dict[str, str] = {
        "cpu": str(machine.vcpus),
        "memory": machine.memory,
        "ephemeral-storage": "83873772Ki",
        "pods": "110",
    }
    labels = {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": record.name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": group.instance_type,
        "topology.kubernetes.io/region": "us-east-1",
        "topology.kubernetes.io/zone": record.zone or "",
    }
    if machine.gpus:
        capacity["nvidia.com/gpu"] = str(machine.gpus)
        labels["nvidia.com/gpu.count"] = str(machine.gpus)
        labels["nvidia.com/gpu.product"] = machine.gpu_name or ""
    if group.karpenter:
        labels["karpenter.sh/nodepool"] = group.name
        labels["karpenter.sh/capacity-type"] = "spot" if group.spot else "on-demand"
    else:
        labels["eks.amazonaws.com/nodegroup"] = group.name
        labels["eks.amazonaws.com/capacityType"] = "SPOT" if group.spot else "ON_DEMAND"
    address = record.name.removeprefix("ip-").partition(".")[0].replace("-", ".")
    addresses = [
        {"type": "InternalIP", "address": address},
        {"type": "Hostname", "address": record.name},
    ]
    if group.public:
        addresses.append({"type": "ExternalIP", "address": f"203.0.113.{life.launched % 254}"})
    return {
        "metadata": {
            "name": record.name,
            "uid": f"node-{life.instance_id}",
            "creationTimestamp": timestamp(life.joined),
            "labels": labels,
        },
        "spec": {"providerID": f"aws:///{record.zone}/{life.instance_id}"},
        "status": {
            "capacity": capacity,
            "addresses": addresses,
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
            "nodeInfo": {"kubeletVersion": git_version, "architecture": "amd64"},
        },
    }


def _pods(state: ClusterState) -> list[Object]:
    return [pod_object(life, state.at) for life in state.pods]


def _metrics(state: ClusterState) -> list[Object]:
    found = (pod_metrics(life, state.at, state.load) for life in state.pods)
    return [told for told in found if told is not None]


def _volumes(state: ClusterState) -> list[Object]:
    return [_volume(life, state.at) for life in state.volumes]


def _volume(life: VolumeLife, at: int) -> Object:
    return {
        "metadata": {
            "name": life.name,
            "uid": f"{life.name.removeprefix('pvc-')}",
            "creationTimestamp": timestamp(life.created),
            "annotations": {"pv.kubernetes.io/provisioned-by": EBS_DRIVER},
        },
        "spec": {
            "capacity": {"storage": life.capacity},
            "accessModes": ["ReadWriteOnce"],
            "csi": {"driver": EBS_DRIVER, "volumeHandle": life.spec.volume_id, "fsType": "ext4"},
            "claimRef": {
                "kind": "PersistentVolumeClaim",
                "namespace": life.namespace,
                "name": life.claim,
            },
            "persistentVolumeReclaimPolicy": STORAGE_CLASSES[life.storage_class].reclaim_policy,
            "storageClassName": life.storage_class,
        },
        "status": {"phase": life.phase(at)},
    }


def _claims(state: ClusterState) -> list[Object]:
    return [
        {
            "metadata": {
                "name": life.claim,
                "namespace": life.namespace,
                "uid": life.name.removeprefix("pvc-"),
                "creationTimestamp": timestamp(life.created),
            },
            "spec": {
                "volumeName": life.name,
                "storageClassName": life.storage_class,
                "resources": {"requests": {"storage": life.capacity}},
            },
            "status": {"phase": "Bound"},
        }
        for life in state.volumes
        if life.phase(state.at) == "Bound"
    ]


def _classes(_: ClusterState) -> list[Object]:
    return [
        {
            "metadata": {"name": name},
            "provisioner": EBS_DRIVER,
            "parameters": dict(told.parameters),
            "reclaimPolicy": told.reclaim_policy,
            "volumeBindingMode": "WaitForFirstConsumer",
        }
        for name, told in STORAGE_CLASSES.items()
    ]


def _services(state: ClusterState) -> list[Object]:
    dns = {
        "metadata": {"name": "kube-dns", "namespace": "kube-system"},
        "spec": {"type": "ClusterIP", "clusterIP": "172.20.0.10"},
        "status": {"loadBalancer": {}},
    }
    return [dns, *(_balanced(life) for life in state.balancers)]


def _balanced(life: BalancerLife) -> Object:
    return {
        "metadata": {
            "name": life.service,
            "namespace": life.namespace,
            "creationTimestamp": timestamp(life.created),
            "annotations": {"service.beta.kubernetes.io/aws-load-balancer-scheme": "internal"},
        },
        "spec": {"type": "LoadBalancer", "loadBalancerClass": "service.k8s.aws/nlb"},
        "status": {"loadBalancer": {"ingress": [{"hostname": life.host}]}},
    }


def _namespaces(state: ClusterState) -> list[Object]:
    return [
        {
            "metadata": {
                "name": name,
                "labels": {"kubernetes.io/metadata.name": name}
                | ({"team": TEAM_OF_NAMESPACE[name]} if name in TEAM_OF_NAMESPACE else {}),
            },
            "status": {"phase": "Active"},
        }
        for name in _NAMESPACES[state.cluster.name]
    ]


def timestamp(at: int) -> str:
    return f"{instant(at):%Y-%m-%dT%H:%M:%SZ}"


_LISTS: Mapping[str, Callable[[ClusterState], list[Object]]] = {
    "nodes": _nodes,
    "pods": _pods,
    "metrics": _metrics,
    "persistentvolumes": _volumes,
    "persistentvolumeclaims": _claims,
    "storageclasses": _classes,
    "services": _services,
    "namespaces": _namespaces,
}
