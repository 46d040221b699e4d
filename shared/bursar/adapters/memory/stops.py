"""Stops in memory, and a cluster's objects as a Kubernetes API keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from threading import Lock

from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.governance import MemoryAudit
from bursar.adapters.memory.ledger import MemoryLedger
from bursar.domain.stops.changes import StopChange
from bursar.domain.stops.counting import StopCount
from bursar.domain.stops.objects import (
    Fields,
    NotServedError,
    ObjectChangedError,
    ObjectKind,
    ObjectName,
    StoredObject,
)
from bursar.domain.stops.records import Stop

_MOST_LISTED = 200


class MemoryStops:
    """StopStore; the ledger has the windows that a stop grants nothing of."""

    def __init__(self, outbox: MemoryOutbox, audit: MemoryAudit, ledger: MemoryLedger) -> None:
        self._outbox, self._audit, self._ledger = outbox, audit, ledger
        self._lock = Lock()
        self._stops: dict[str, Stop] = {}
        self._count = StopCount()

    def find(self, stop_id: str) -> Stop | None:
        return self._stops.get(stop_id)

    def open(self) -> Sequence[Stop]:
        found = (each for each in self._stops.values() if each.is_open)
        return sorted(found, key=lambda each: (each.at, each.id))

    def recent(self) -> Sequence[Stop]:
        newest = sorted(self._stops.values(), key=lambda each: (each.at, each.id), reverse=True)
        return newest[:_MOST_LISTED]

    def count(self) -> StopCount:
        return self._count

    def commit(self, change: StopChange) -> bool:
        new = change.new
        with self._lock:
            if not self._is_current(change):
                return False
            if change.stops and not self._ledger.stop(change.stops, new.id):
                return False
            if change.resumes and not self._ledger.resume(change.resumes, new.id):
                return False
            self._stops[new.id] = new
            self._count = change.count or self._count
            self._audit.add(change.audit)
            for row in change.outbox:
                self._outbox.put(row)
        return True

    def _is_current(self, change: StopChange) -> bool:
        stored = self._stops.get(change.new.id)
        old = change.old.version if change.old else None
        if (stored.version if stored else None) != old:
            return False
        return change.count is None or change.count.version == self._count.version + 1


class MemoryClusterObjects:
    """ClusterObjects; `absent` kinds are not served."""

    def __init__(
        self, objects: Iterable[StoredObject] = (), absent: Iterable[ObjectKind] = ()
    ) -> None:
        self._objects = {each.name: each for each in objects}
        self._absent = frozenset(absent)
        self._made = 0

    def objects(self, kind: ObjectKind, namespace: str = "") -> Sequence[StoredObject]:
        if kind in self._absent:
            raise NotServedError(kind)
        return [
            each
            for each in self._objects.values()
            if each.name.kind is kind and namespace in ("", each.name.namespace)
        ]

    def find(self, name: ObjectName) -> StoredObject | None:
        return self._objects.get(name)

    def put(self, stored: StoredObject) -> None:
        """What somebody else does."""
        version = self._next()
        self._objects[stored.name] = replace(stored, version=version)

    def create(self, name: ObjectName, fields: Fields, stop_id: str) -> StoredObject:
        if name in self._objects:
            raise ObjectChangedError(str(name))
        version = self._next()
        made = StoredObject(name, f"uid-{version}", version, fields, stop_id)
        self._objects[name] = made
        return made

    def change(self, found: StoredObject, fields: Fields, stop_id: str) -> None:
        stored = self._as_found(found)
        merged = {**stored.fields, **fields}
        self._objects[found.name] = replace(
            stored, version=self._next(), fields=_without_none(merged), stop=stop_id
        )

    def delete(self, found: StoredObject) -> None:
        stored = self._objects.get(found.name)
        if stored is None or stored.uid != found.uid:
            raise ObjectChangedError(str(found.name))
        del self._objects[found.name]

    def _as_found(self, found: StoredObject) -> StoredObject:
        stored = self._objects.get(found.name)
        if stored is None or stored.version != found.version:
            raise ObjectChangedError(str(found.name))
        return stored

    def _next(self) -> str:
        self._made += 1
        return str(1_000 + self._made)


class MemoryEventBus:
    def __init__(self) -> None:
        self.sent: list[tuple[str, Mapping[str, object], datetime]] = []

    def send(self, kind: str, detail: Mapping[str, object], at: datetime) -> None:
        self.sent.append((kind, detail, at))


def _without_none(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if value is not None}
