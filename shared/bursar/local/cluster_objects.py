"""What can be written in the scenario's clusters: quotas, and its queues and node pools."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bursar.adapters.kubernetes_api.roles import manifests, stop_manifests
from bursar.local.kubernetes_objects import (
    KARPENTER,
    KUBERNETES,
    KUEUE,
    KubernetesObjects,
    Object,
)
from bursar.local.scenario import Scenario
from bursar.local.scenario.machines import GPU

_QUEUED = ("finetune", "pretrain", "research")  # namespaces whose Jobs wait in a LocalQueue


def cluster_objects(
    scenario: Scenario, cluster: str, pods: Callable[[], Sequence[Object]]
) -> KubernetesObjects:
    """A cluster whose administrator has applied both of Bursar's manifests.

    Kueue and Karpenter are installed where the scenario lets Karpenter start machines.
    """
    groups = {life.group.name for life in scenario.fleet(cluster).nodes if life.group.karpenter}
    kinds = (*KUBERNETES, KUEUE, KARPENTER) if groups else KUBERNETES
    stored = KubernetesObjects(kinds, pods)
    stored.grant(*manifests(), *stop_manifests())
    for name in sorted(groups):
        stored.put("nodepools", {"metadata": {"name": name}, "spec": {"limits": {GPU: "64"}}})
    for namespace in _QUEUED if groups else ():
        spec = {"clusterQueue": "gpus", "stopPolicy": "None"}
        queue = {"metadata": {"name": "gpu", "namespace": namespace}, "spec": spec}
        stored.put("localqueues", queue)
    return stored
