"""A cluster with Kueue, Karpenter and Jobs, in memory or behind its API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bursar.adapters.kubernetes_api.access import ClusterAccess
from bursar.adapters.kubernetes_api.roles import stop_manifests
from bursar.adapters.kubernetes_api.stop_objects import KubernetesStopObjects
from bursar.adapters.kubernetes_api.transport import KubernetesTransport
from bursar.local.kubernetes_objects import KubernetesObjects
from bursar.local.kubernetes_server import KubernetesServer

GPU = "nvidia.com/gpu"
READS = {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]}


def queue_object(policy: str | None = None, name: str = "gpu") -> dict[str, Any]:
    spec = {"clusterQueue": "all"} | ({"stopPolicy": policy} if policy else {})
    return {"metadata": {"name": name, "namespace": "research"}, "spec": spec}


def pool_object(limits: dict[str, str] | None = None, **resources: str) -> dict[str, Any]:
    spec: dict[str, Any] = {"template": {}} | ({"limits": limits} if limits else {})
    return {"metadata": {"name": "gpu"}, "spec": spec, "status": {"resources": resources}}


def job_object(name: str = "waits", gpus: int = 1, **more: Any) -> dict[str, Any]:
    labels = {"batch.kubernetes.io/controller-uid": f"job-{name}"}
    container = {"resources": {"requests": {GPU: str(gpus)}}} if gpus else {}
    spec = {
        "selector": {"matchLabels": labels},
        "template": {"spec": {"containers": [container]}},
        **more.pop("spec", {}),
    }
    return {
        "metadata": {"name": name, "namespace": "research", **more.pop("metadata", {})},
        "spec": spec,
        **more,
    }


def pod_object(name: str, gpus: int = 1, **more: Any) -> dict[str, Any]:
    requests = {"requests": {GPU: str(gpus)}} if gpus else {}
    return {
        "metadata": {"name": name, "namespace": "research", "uid": name, **more},
        "spec": {"containers": [{"name": "main", "resources": requests}], "nodeName": "n1"},
        "status": {"phase": "Running", "startTime": "2026-11-20T10:00:00Z"},
    }


@contextmanager
def serving(
    stored: KubernetesObjects, lists: dict[str, Sequence[dict[str, Any]]] | None = None
) -> Iterator[tuple[KubernetesStopObjects, KubernetesServer]]:
    known = lists or {}
    with KubernetesServer(
        known.__getitem__, lambda token: token == "good", stored=stored
    ) as server:
        transport = KubernetesTransport(
            ClusterAccess(server.url, token=lambda: "good"), sleep=lambda seconds: None
        )
        yield KubernetesStopObjects(transport), server
        transport.close()


def admitted(**more: Any) -> KubernetesObjects:
    """A store whose writers have exactly what the printed manifests allow."""
    stored = KubernetesObjects(**more)
    stored.grant(*stop_manifests(), READS)
    return stored
