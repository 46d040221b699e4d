"""What a stop reads and writes in a cluster: quotas, queues, node pools and Jobs.

Writes are JSON merge patches of single fields, which every kind takes (a strategic one is not
for CRDs), under a field manager of our own and on condition of the version that was read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from bursar.adapters.kubernetes_api.amounts import AmountReader, accelerators
from bursar.adapters.kubernetes_api.decoding import UNDECODABLE, ListMetadata, Metadata
from bursar.adapters.kubernetes_api.transport import KubernetesTransport, ListAbsentError
from bursar.domain.cluster.records import ClusterUnreadableError
from bursar.domain.stops.objects import (
    ClusterWriteError,
    Fields,
    NotServedError,
    ObjectChangedError,
    ObjectKind,
    ObjectName,
    StoredObject,
    Value,
)

MANAGER = "bursar-stops"
STOP = "bursar/stop"  # the annotation with the id of the stop that wrote it
_MERGE = "application/merge-patch+json"
_QUEUE_NAME = "kueue.x-k8s.io/queue-name"  # of a Job that Kueue starts and suspends itself
_OWN_CONTROLLER = "kubernetes.io/job-controller"
_COUNTS = ("active", "ready", "terminating", "succeeded", "failed")
_PATHS: Mapping[ObjectKind, tuple[tuple[str, ...], str]] = {
    ObjectKind.RESOURCE_QUOTA: (("/api/v1",), "resourcequotas"),
    ObjectKind.LOCAL_QUEUE: (
        ("/apis/kueue.x-k8s.io/v1beta1", "/apis/kueue.x-k8s.io/v1beta2"),
        "localqueues",
    ),
    ObjectKind.NODE_POOL: (
        ("/apis/karpenter.sh/v1", "/apis/karpenter.sh/v1beta1"),
        "nodepools",
    ),
    ObjectKind.JOB: (("/apis/batch/v1",), "jobs"),
}

_T = TypeVar("_T")
Body = dict[str, Any]


class _Metadata(msgspec.Struct, rename="camel"):
    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class _Item(msgspec.Struct):
    metadata: _Metadata
    spec: Body = {}
    status: Body = {}


class _Page(msgspec.Struct):
    items: list[_Item] | None
    metadata: ListMetadata = msgspec.field(default_factory=ListMetadata)

    @property
    def continue_token(self) -> str:
        return self.metadata.continue_ or ""


_decode_page = msgspec.json.Decoder(_Page).decode
_decode_item = msgspec.json.Decoder(_Item).decode


class KubernetesStopObjects:
    """ClusterObjects over the cluster's API."""

    def __init__(self, transport: KubernetesTransport) -> None:
        self._transport = transport
        self._bases: dict[ObjectKind, str] = {}

    def objects(self, kind: ObjectKind, namespace: str = "") -> Sequence[StoredObject]:
        for base in self._candidates(kind):
            try:
                items = list(self._items(_path(base, kind, namespace)))
            except ListAbsentError:
                continue
            self._bases[kind] = base
            return [self._stored(kind, item) for item in items]
        raise NotServedError(kind)

    def find(self, name: ObjectName) -> StoredObject | None:
        for base in self._candidates(name.kind):
            try:
                body = self._transport.get(_path(base, name.kind, name.namespace, name.name))
            except ListAbsentError:
                continue
            self._bases[name.kind] = base
            return self._stored(name.kind, _read(body, name))
        return None

    def create(self, name: ObjectName, fields: Fields, stop_id: str) -> StoredObject:
        body = {
            "apiVersion": "v1",
            "kind": name.kind,
            "metadata": {
                "name": name.name,
                "namespace": name.namespace,
                "labels": {"app.kubernetes.io/managed-by": "bursar"},
                "annotations": {STOP: stop_id},
            },
            "spec": {"hard": dict(fields)},
        }
        told = self._write("POST", self._base_path(name, named=False), body, name)
        return self._stored(name.kind, _read(told.encode(), name))

    def change(self, found: StoredObject, fields: Fields, stop_id: str) -> None:
        body = {
            "metadata": {
                "uid": found.uid,
                "resourceVersion": found.version,
                "annotations": {STOP: stop_id or None},
            },
            "spec": _spec(found, fields),
        }
        self._write("PATCH", self._base_path(found.name), body, found.name, _MERGE)

    def delete(self, found: StoredObject) -> None:
        body = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": found.uid},
        }
        self._write("DELETE", self._base_path(found.name), body, found.name)

    def _write(
        self,
        method: str,
        path: str,
        body: Body,
        name: ObjectName,
        content_type: str = "application/json",
    ) -> str:
        path = f"{path}?{urlencode({'fieldManager': MANAGER})}" if method != "DELETE" else path
        try:
            status, told = self._transport.write(method, path, body, content_type)
        except ClusterUnreadableError as error:
            raise ClusterWriteError(f"{name}: {error}") from error
        if status in (404, 409):
            raise ObjectChangedError(f"{name}: {told}")
        if status >= 300:
            raise ClusterWriteError(f"{name}: the API server answered {status}: {told}")
        return told

    def _candidates(self, kind: ObjectKind) -> tuple[str, ...]:
        """The API's versions: the one that was found to be served, or all."""
        known = self._bases.get(kind)
        return (known,) if known else _PATHS[kind][0]

    def _base_path(self, name: ObjectName, *, named: bool = True) -> str:
        base = self._candidates(name.kind)[0]
        return _path(base, name.kind, name.namespace, name.name if named else "")

    def _items(self, path: str) -> Iterator[_Item]:
        read, restarts = list[_Item](), 0
        for restart, page in self._transport.pages(path, _decode_page):
            if restart > restarts:
                restarts = restart
                read.clear()
            read += page.items or ()
        return iter(read)

    def _stored(self, kind: ObjectKind, item: _Item) -> StoredObject:
        meta = item.metadata
        found = StoredObject(
            name=ObjectName(kind=kind, namespace=meta.namespace, name=meta.name),
            uid=meta.uid,
            version=meta.resource_version,
            fields=_fields(kind, item),
            stop=(meta.annotations or {}).get(STOP, ""),
            amounts=_amounts(kind, item),
        )
        if kind is not ObjectKind.JOB or not self._is_busy(item, found):
            return found
        return replace(found, busy=True)

    def _is_busy(self, item: _Item, found: StoredObject) -> bool:
        """Whether others start the Job, it is over, or it has or had pods."""
        if _is_others(item) or any(item.status.get(name) for name in _COUNTS):
            return True
        if any(each.get("status") == "True" for each in item.status.get("conditions") or ()):
            return not found.fields["suspend"]  # `Suspended` is a condition, too
        if found.fields["suspend"] or not found.amounts:
            return False
        labels = (item.spec.get("selector") or {}).get("matchLabels")
        if not labels:
            return True  # nobody can tell which pods are its own
        selector = ",".join(f"{name}={value}" for name, value in sorted(labels.items()))
        query = urlencode({"labelSelector": selector, "limit": "1"})
        body = self._transport.get(f"/api/v1/namespaces/{found.name.namespace}/pods?{query}")
        return bool(_decode(_decode_page, body, "pods").items)


def _path(base: str, kind: ObjectKind, namespace: str, name: str = "") -> str:
    inside = f"/namespaces/{namespace}" if namespace else ""
    return f"{base}{inside}/{_PATHS[kind][1]}" + (f"/{name}" if name else "")


def _fields(kind: ObjectKind, item: _Item) -> Fields:
    if kind is ObjectKind.LOCAL_QUEUE:
        return {"stopPolicy": item.spec.get("stopPolicy")}
    if kind is ObjectKind.JOB:
        return {"suspend": bool(item.spec.get("suspend"))}
    part = "hard" if kind is ObjectKind.RESOURCE_QUOTA else "limits"
    return {name: str(value) for name, value in (item.spec.get(part) or {}).items()}


def _spec(found: StoredObject, fields: Fields) -> Body:
    """The part of a spec that a merge patch sets; null removes a field."""
    if found.name.kind is not ObjectKind.NODE_POOL:
        return dict(fields)
    left: dict[str, Value] = {**found.fields, **fields}
    limits = dict(fields) if any(value is not None for value in left.values()) else None
    return {"limits": limits}


def _amounts(kind: ObjectKind, item: _Item) -> Mapping[str, int]:
    reader, owner = AmountReader(), Metadata(item.metadata.name, item.metadata.namespace)
    if kind is ObjectKind.NODE_POOL:
        return accelerators(reader.read(item.status.get("resources"), kind, owner))
    if kind is not ObjectKind.JOB:
        return {}
    pod = (item.spec.get("template") or {}).get("spec") or {}
    total: dict[str, int] = {}
    for container in pod.get("containers") or ():
        told = container.get("resources") or {}
        asked = {**(told.get("limits") or {}), **(told.get("requests") or {})}
        for name, units in accelerators(reader.read(asked, kind, owner)).items():
            total[name] = total.get(name, 0) + units
    return total


def _is_others(item: _Item) -> bool:
    by = item.spec.get("managedBy", _OWN_CONTROLLER)
    return by != _OWN_CONTROLLER or _QUEUE_NAME in (item.metadata.labels or {})


def _read(body: bytes, name: ObjectName) -> _Item:
    return _decode(_decode_item, body, str(name))


def _decode(decode: Callable[[bytes], _T], body: bytes, what: str) -> _T:
    try:
        return decode(body)
    except UNDECODABLE as error:
        raise ClusterUnreadableError(f"{what}: not Kubernetes' answer: {error}") from error
