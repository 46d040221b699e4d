"""Kubernetes clusters, what EC2 knows of them, and the snapshots of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # whoever imports a port pays for no domain
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from bursar.domain.cluster.hours import HourCosts
    from bursar.domain.cluster.lifetimes import InstanceState
    from bursar.domain.cluster.records import ClusterSnapshot, Inventory, Node, Pod
    from bursar.domain.cluster.storage import EbsSnapshots, FileSystem, VolumeSpec
    from bursar.domain.cluster.use import ClusterUse
    from bursar.domain.instance_types import CapacityReservation
    from bursar.domain.periods import Window
    from bursar.domain.usage.counters import Series


class ClusterReader(Protocol):
    """One Kubernetes cluster, read-only. Raises ClusterUnreadableError rather than answer half."""

    def inventory(self) -> Inventory: ...

    def pods(self) -> Iterator[Pod]:
        """Every pod, a page at a time; those that have finished included."""
        ...


class SnapshotStore(Protocol):
    def put(self, snapshot: ClusterSnapshot) -> None: ...

    def between(self, cluster: str, window: Window) -> Iterator[ClusterSnapshot]:
        """Oldest first, one in memory at a time."""
        ...

    def nodes_between(self, cluster: str, window: Window) -> Iterator[Sequence[Node]]:
        """The nodes of each of them, without reading their pods."""
        ...

    def latest(self, cluster: str, before: datetime) -> ClusterSnapshot | None:
        """The newest of the last two days."""
        ...


class CostHistory(Protocol):
    """Closed hours of clusters, and the days they add up to."""

    def put_hour(self, costs: HourCosts) -> None:
        """Replace this cluster's hour, and re-sum its day from the hours stored."""
        ...

    def hours(self, cluster: str, window: Window) -> Sequence[HourCosts]:
        """The closed hours that touch the window, oldest first."""
        ...

    def days(self, cluster: str, window: Window) -> Sequence[HourCosts]:
        """The days that touch the window, each summed over its closed hours, oldest first."""
        ...


class LifetimeStore(Protocol):
    """EC2 instance state changes: when an instance began and ceased to be billed."""

    def record(self, state: InstanceState) -> None: ...

    def states(self, instance_ids: Collection[str]) -> Mapping[str, Sequence[InstanceState]]:
        """Oldest first; an instance never heard of is absent."""
        ...


class VolumeCatalogue(Protocol):
    def describe(self, volume_ids: Collection[str]) -> Mapping[str, VolumeSpec]:
        """What the volumes really are (type, size, IOPS, throughput); unknown ids are absent."""
        ...

    def snapshots(self, volume_ids: Collection[str]) -> EbsSnapshots | None:
        """The completed snapshots of each volume, deleted or not; None: EC2 could not be asked."""
        ...


class FileSystemCatalogue(Protocol):
    def describe(self, file_system_ids: Collection[str]) -> Mapping[str, FileSystem]:
        """What those of EFS, or of FSx, are billed by; unknown ids are absent. No ids: no call."""
        ...


class ReservationCatalogue(Protocol):
    def reserved(self, ids: Collection[str]) -> Sequence[CapacityReservation]:
        """The active ones of these reservations, with how much of each nobody uses now."""
        ...


class MetricsSource(Protocol):
    """A Prometheus, or what answers like one. Raises MetricsUnreadableError, never half."""

    def instant(self, query: str, at: datetime) -> Sequence[Series]:
        """The query at one time. A range selector (`x[1h]`) gives raw samples."""
        ...

    def range(self, query: str, window: Window, step_seconds: int) -> Sequence[Series]: ...


class ClusterUseStore(Protocol):
    """What GPUs and served models did, by cluster and UTC hour."""

    def put(self, use: ClusterUse) -> None:
        """Replace the hour."""
        ...

    def between(self, cluster: str, window: Window) -> Sequence[ClusterUse]:
        """The hours that start in the window, oldest first."""
        ...
