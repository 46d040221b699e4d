"""Stops, and the clusters that they reach into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # whoever imports a port pays for no domain
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bursar.domain.stops.changes import StopChange
    from bursar.domain.stops.counting import StopCount
    from bursar.domain.stops.objects import Fields, ObjectKind, ObjectName, StoredObject
    from bursar.domain.stops.records import Stop


class StopStore(Protocol):
    """Stops, each with all that a step of it writes. Single reads are consistent."""

    def find(self, stop_id: str) -> Stop | None: ...

    def open(self) -> Sequence[Stop]:
        """Those that are not over or still hold something, oldest first; a list may lag behind."""
        ...

    def recent(self) -> Sequence[Stop]:
        """Newest first, at most 200, open or not; a list may lag behind."""
        ...

    def count(self) -> StopCount: ...

    def commit(self, change: StopChange) -> bool:
        """Write all of the change, or nothing.

        False when the stop or the count is no longer what was read, or the budget's window that
        is to be stopped is not open.
        """
        ...


class ClusterObjects(Protocol):
    """What a stop reads and writes in one cluster, beside its pods and nodes."""

    def objects(self, kind: ObjectKind, namespace: str = "") -> Sequence[StoredObject]:
        """All of a kind; of one namespace where it is named.

        Raises:
            NotServedError: the cluster has no such kind.
            ClusterUnreadableError: the list was not whole, or may not be read.
        """
        ...

    def find(self, name: ObjectName) -> StoredObject | None:
        """One object as it stands, with whether it is busy.

        Raises:
            ClusterUnreadableError: it could not be read.
        """
        ...

    def create(self, name: ObjectName, fields: Fields, stop_id: str) -> StoredObject:
        """Raises:
        ObjectChangedError: there is one of that name. ClusterWriteError: it was refused.
        """
        ...

    def change(self, found: StoredObject, fields: Fields, stop_id: str) -> None:
        """Set these fields of an object as it was found; None removes one. An empty `stop_id`
        lets go of it.

        Raises:
            ObjectChangedError: it is not as it was found. ClusterWriteError: it was refused.
        """
        ...

    def delete(self, found: StoredObject) -> None:
        """Raises:
        ObjectChangedError: it is not the one that was found. ClusterWriteError: it was refused.
        """
        ...


class EventBus(Protocol):
    def send(self, kind: str, detail: Mapping[str, object], at: datetime) -> None:
        """Tell whoever listens; the same event may be told twice.

        Raises:
            EventNotSentError: the bus refused it.
        """
        ...
