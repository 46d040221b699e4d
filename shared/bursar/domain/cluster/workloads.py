"""Which workload a pod belongs to, named as people name it: the Deployment, not its ReplicaSet."""

from __future__ import annotations

import re

# Kubernetes writes a pod template's hash with the ten characters that stand for the digits 0-9.
_HASH = re.compile(r"(?P<workload>.+)-[4-9bcdf]{6,10}", re.ASCII)
_LABELLED_HASH = re.compile(r"(?P<workload>.+)-[a-z0-9]{1,10}", re.ASCII)
_SCHEDULED = re.compile(r"(?P<workload>.+)-[0-9]{8,}", re.ASCII)


def workload_name(
    pod_name: str,
    owner_kind: str | None,
    owner_name: str | None,
    template_hash: str | None = None,
) -> str:
    """The name of a pod's workload, from its controller.

    Args:
        pod_name: stands in for a pod that nothing controls.
        owner_kind: the controller's kind: ReplicaSet, Job, StatefulSet, RayCluster ...
        owner_name: the controller's name.
        template_hash: the pod's `pod-template-hash` label, which Deployments set.
    """
    if not owner_name:
        return pod_name
    if owner_kind == "ReplicaSet":
        return _deployment(owner_name, template_hash)
    if owner_kind == "Job":
        # a CronJob names its Jobs by the minute (once by the second) at which they were due
        return _stem(_SCHEDULED, owner_name)
    if owner_kind == "Node":
        return pod_name.removesuffix(f"-{owner_name}")  # a static pod, which its kubelet owns
    return owner_name


def _deployment(replica_set: str, template_hash: str | None) -> str:
    if template_hash is None:
        return _stem(_HASH, replica_set)
    suffix = f"-{template_hash}"
    if replica_set.endswith(suffix) and replica_set != suffix:
        return replica_set[: -len(suffix)]
    return _stem(_LABELLED_HASH, replica_set)  # the label was cut or changed; a hash is there


def _stem(pattern: re.Pattern[str], name: str) -> str:
    match = pattern.fullmatch(name)
    return match["workload"] if match else name
