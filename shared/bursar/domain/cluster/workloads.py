"""Which workload a pod belongs to, named as people name it: the Deployment, not its ReplicaSet."""

from __future__ import annotations

# Kubernetes writes a pod template's hash with ten characters, which stand for the digits 0-9.
_HASH_CHARACTERS = frozenset("456789bcdf")
_HASH_LENGTHS = range(6, 11)
_SHORTEST_SCHEDULE = 8  # digits: the minutes since 1970 have had eight since 1989


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
        stem, _, due = owner_name.rpartition("-")
        return stem if stem and len(due) >= _SHORTEST_SCHEDULE and _digits(due) else owner_name
    if owner_kind == "Node":
        return pod_name.removesuffix(f"-{owner_name}")  # a static pod, which its kubelet owns
    return owner_name


def _deployment(replica_set: str, template_hash: str | None) -> str:
    stem, _, suffix = replica_set.rpartition("-")
    if not stem:
        return replica_set
    if template_hash is not None:  # a Deployment's, even if the label was since cut or changed
        return stem
    is_hash = len(suffix) in _HASH_LENGTHS and _HASH_CHARACTERS.issuperset(suffix)
    return stem if is_hash else replica_set


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
