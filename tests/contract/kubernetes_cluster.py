"""A cluster of a few objects, served on loopback, and what is read of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from bursar.adapters.kubernetes_api.access import ClusterAccess
from bursar.adapters.kubernetes_api.reader import KubernetesApiReader
from bursar.adapters.kubernetes_api.transport import KubernetesTransport
from bursar.domain.cluster.records import Inventory, Node, Pod
from bursar.local.kubernetes_server import KubernetesServer

GI = 1024**3
Objects = dict[str, Sequence[dict[str, Any]]]


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


@contextmanager
def reading(objects: Objects, **options: Any) -> Iterator[tuple[KubernetesApiReader, Any]]:
    """A reader of a server that has just these lists; the others answer 404."""
    with KubernetesServer(objects.__getitem__, lambda token: token == "good") as server:
        transport = KubernetesTransport(ClusterAccess(server.url, token=lambda: "good"))
        options = {"model_labels": ("model", "app.kubernetes.io/model"), **options}
        yield KubernetesApiReader(transport, **options), server
        transport.close()


def inventory_of(objects: Objects, **options: Any) -> Inventory:
    with reading({"nodes": [], **objects}, **options) as (reader, _):
        return reader.inventory()


def node_of(labels: dict[str, str], **status: Any) -> Node:
    (node,) = inventory_of({"nodes": [node_object(labels, **status)]}).nodes
    return node


def pod_of(
    spec: dict[str, Any] | None = None,
    metadata: dict[str, Any] | None = None,
    status: dict[str, Any] | None = None,
    namespaces: Sequence[dict[str, Any]] = (),
    **options: Any,
) -> Pod:
    item = {
        "metadata": {"name": "p", "namespace": "search", "uid": "u1", **(metadata or {})},
        "spec": {"nodeName": "n1", "containers": [], **(spec or {})},
        "status": {"phase": "Running", "startTime": "2026-11-01T10:00:00Z", **(status or {})},
    }
    with reading({"pods": [item], "namespaces": namespaces}, **options) as (reader, _):
        (pod,) = reader.pods()
        assert reader.oddities == []
    return pod


def node_object(labels: dict[str, str], provider: str = "", **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "n1", "labels": labels},
        "spec": {"providerID": provider},
        "status": {"capacity": {"cpu": "8", "memory": "32Gi"}, **status},
    }


def asks(**requests: str) -> dict[str, Any]:
    return {"resources": {"requests": requests}}
