"""One Kubernetes cluster, read over its API."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from bursar.adapters.kubernetes_api import decoding
from bursar.adapters.kubernetes_api.amounts import AmountReader
from bursar.adapters.kubernetes_api.decoding import UNDECODABLE, NodeItem, Page, PodMetricsItem
from bursar.adapters.kubernetes_api.node_records import (
    kubelet_version,
    looks_like_eks,
    node_record,
    release,
)
from bursar.adapters.kubernetes_api.pod_records import Labels, PodRecords
from bursar.adapters.kubernetes_api.storage_records import load_balancer_records, volume_records
from bursar.adapters.kubernetes_api.transport import KubernetesTransport, ListNotServedError
from bursar.domain.cluster.records import (
    CapacityType,
    ClusterUnreadableError,
    Inventory,
    Node,
    Pod,
)

METRICS = "metrics"
_PATHS = {
    "nodes": "/api/v1/nodes",
    "pods": "/api/v1/pods",
    "persistentvolumes": "/api/v1/persistentvolumes",
    "persistentvolumeclaims": "/api/v1/persistentvolumeclaims",
    "services": "/api/v1/services",
    "namespaces": "/api/v1/namespaces",
    "storageclasses": "/apis/storage.k8s.io/v1/storageclasses",
    METRICS: "/apis/metrics.k8s.io/v1beta1/pods",
}

_T = TypeVar("_T")
_R = TypeVar("_R")
UsageByPod = dict[tuple[str, str], tuple[int, int]]


class KubernetesApiReader:
    """A ClusterReader. `model_labels` are tried in order, on the pod and then on its namespace.

    `oddities` names up to 100 quantities that could not be read and were counted as 0.
    Call `inventory` first: it reads the namespaces and the usage that `pods` then uses once;
    without it `pods` reads them itself.
    """

    def __init__(
        self,
        transport: KubernetesTransport,
        *,
        model_labels: Sequence[str],
        labels: Sequence[str] = (),
        usage: bool = False,
    ) -> None:
        self._transport = transport
        self._model_labels = tuple(model_labels)
        self._labels = tuple(labels)
        self._wants_usage = usage
        self._amounts = AmountReader()
        self._fargate_nodes: frozenset[str] = frozenset()
        self._surroundings: tuple[dict[str, Labels], UsageByPod] | None = None

    @property
    def oddities(self) -> list[str]:
        return self._amounts.oddities

    def inventory(self) -> Inventory:
        """Everything but the pods.

        Raises:
            ClusterUnreadableError: nodes, or a list that the server does serve, were not whole.
        """
        absent: list[str] = []
        nodes, is_eks, node_version = self._nodes()
        version = self._server_version() or node_version
        volumes = self._optional("persistentvolumes", decoding.decode_volumes, _same, absent)
        claims = self._optional("persistentvolumeclaims", decoding.decode_claims, _same, absent)
        classes = self._optional("storageclasses", decoding.decode_storage_classes, _same, absent)
        services = self._optional("services", decoding.decode_services, _same, absent)
        self._surroundings = self._read_surroundings(absent)
        self._fargate_nodes = frozenset(
            node.name for node in nodes if node.capacity_type is CapacityType.FARGATE
        )
        return Inventory(
            nodes=tuple(nodes),
            volumes=volume_records(volumes, claims, classes, self._amounts),
            load_balancers=load_balancer_records(services),
            kubernetes_version=release(version),
            is_eks=is_eks or "-eks-" in version,
            not_served=tuple(absent),
        )

    def pods(self) -> Iterator[Pod]:
        """Every pod, finished ones included, once; a page in memory at a time.

        When the list expires half-way it is read again from the beginning, and what was
        already given is not given again.

        Raises:
            ClusterUnreadableError: the list was not whole, possibly after many pods.
        """
        surroundings, self._surroundings = self._surroundings, None
        namespaces, usage = surroundings or self._read_surroundings([])
        record = PodRecords(
            self._model_labels,
            self._labels,
            self._amounts,
            namespaces=namespaces,
            usage=usage,
            fargate_nodes=self._fargate_nodes,
        ).record
        # 64-bit hashes: 150,000 of them take 1 MB, where the uids in a set would take 20
        given = array("q")
        before: set[int] = set()
        restarts = 0
        for restart, page in self._transport.pages(_PATHS["pods"], decoding.decode_pods):
            if restart > restarts:
                restarts, before = restart, set(given)
            for item in page.items or ():
                pod = record(item)
                known = hash(pod.uid)
                if known not in before:
                    given.append(known)
                    yield pod
            del page

    def _nodes(self) -> tuple[list[Node], bool, str]:
        """The nodes, whether one says that it is EKS's, and a kubelet's version."""

        def read(item: NodeItem) -> tuple[Node, bool, str]:
            return node_record(item, self._amounts), looks_like_eks(item), kubelet_version(item)

        rows = self._list("nodes", decoding.decode_nodes, read)
        versions = [version for _, _, version in rows if version]
        return [node for node, _, _ in rows], any(eks for _, eks, _ in rows), "".join(versions[:1])

    def _server_version(self) -> str:
        try:
            body = self._transport.get("/version")
            version = decoding.decode_version(body)
        except ListNotServedError:
            return ""
        except UNDECODABLE as error:
            raise ClusterUnreadableError(f"version: not Kubernetes' answer: {error}") from error
        return version.git_version or f"{version.major}.{version.minor}"

    def _read_surroundings(self, absent: list[str]) -> tuple[dict[str, Labels], UsageByPod]:
        wanted = {*self._model_labels, *self._labels}

        def chosen(item: decoding.NamespaceItem) -> tuple[str, Labels]:
            labels = item.metadata.labels or {}
            return item.metadata.name, {name: labels[name] for name in wanted & labels.keys()}

        namespaces = self._optional("namespaces", decoding.decode_namespaces, chosen, absent)
        usage: list[tuple[tuple[str, str], tuple[int, int]]] = []
        if self._wants_usage:
            usage = self._optional(METRICS, decoding.decode_pod_metrics, self._used, absent)
        return dict(namespaces), dict(usage)

    def _used(self, item: PodMetricsItem) -> tuple[tuple[str, str], tuple[int, int]]:
        read, meta = self._amounts.read, item.metadata
        amounts = [read(one.usage, METRICS, meta) for one in item.containers or ()]
        cpu = sum(one.get("cpu", 0) for one in amounts)
        memory = sum(one.get("memory", 0) for one in amounts)
        return (meta.namespace, meta.name), (cpu, memory)

    def _list(
        self, name: str, decode: Callable[[bytes], Page[_T]], keep: Callable[[_T], _R]
    ) -> list[_R]:
        """The whole list, each item reduced to what is kept while its page is in memory."""
        kept: list[_R] = []
        restarts = 0
        for restart, page in self._transport.pages(_PATHS[name], decode):
            if restart > restarts:
                restarts = restart
                kept.clear()
            kept += [keep(item) for item in page.items or ()]
            del page
        return kept

    def _optional(
        self,
        name: str,
        decode: Callable[[bytes], Page[_T]],
        keep: Callable[[_T], _R],
        absent: list[str],
    ) -> list[_R]:
        """As `_list`, but a list that is not served is empty, and named in `absent`."""
        try:
            return self._list(name, decode, keep)
        except ListNotServedError:
            absent.append(name)
            return []


def _same(item: _T) -> _T:
    return item
