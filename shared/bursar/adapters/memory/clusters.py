"""What is known of clusters in memory: snapshots, instance lifetimes, volumes, and a reader."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from bursar.adapters import snapshot_codec
from bursar.domain.cluster.lifetimes import InstanceState
from bursar.domain.cluster.records import (
    ClusterSnapshot,
    ClusterUnreadableError,
    Inventory,
    Node,
    Pod,
)
from bursar.domain.cluster.storage import EbsSnapshot, EbsSnapshots, FileSystem, VolumeSpec
from bursar.domain.instance_types import CapacityReservation
from bursar.domain.periods import Window


class MemoryClusterReader:
    """A cluster that holds what it was given; without an inventory it is unreadable."""

    def __init__(self, inventory: Inventory | None, pods: Sequence[Pod] = ()) -> None:
        self._inventory, self._pods = inventory, pods

    def inventory(self) -> Inventory:
        if self._inventory is None:
            raise ClusterUnreadableError("connection refused")
        return self._inventory

    def pods(self) -> Iterator[Pod]:
        return iter(self._pods)


class MemorySnapshotStore:
    def __init__(self) -> None:
        self._times: dict[str, list[int]] = {}
        self._snapshots: dict[tuple[str, int], bytes] = {}
        self._decode = lru_cache(maxsize=4)(snapshot_codec.decode)  # an hour's are read thrice

    def put(self, snapshot: ClusterSnapshot) -> None:
        key = (snapshot.cluster, snapshot.at)
        if key not in self._snapshots:
            insort(self._times.setdefault(snapshot.cluster, []), snapshot.at)
        self._snapshots[key] = snapshot_codec.encode(snapshot)

    def between(self, cluster: str, window: Window) -> Iterator[ClusterSnapshot]:
        for body in self._bodies(cluster, window):
            yield self._decode(body)

    def nodes_between(self, cluster: str, window: Window) -> Iterator[tuple[Node, ...]]:
        for body in self._bodies(cluster, window):
            yield self._decode(body).inventory.nodes

    def _bodies(self, cluster: str, window: Window) -> Iterator[bytes]:
        times = self._times.get(cluster, [])
        first = bisect_left(times, int(window.start.timestamp()))
        after = bisect_left(times, int(window.end.timestamp()))
        for at in times[first:after]:
            yield self._snapshots[cluster, at]

    def latest(self, cluster: str, before: datetime) -> ClusterSnapshot | None:
        times = self._times.get(cluster, [])
        index = bisect_left(times, int(before.timestamp())) - 1
        recent = int((before - timedelta(days=2)).timestamp())
        if index < 0 or times[index] < recent:
            return None
        return self._decode(self._snapshots[cluster, times[index]])


class MemoryLifetimeStore:
    def __init__(self) -> None:
        self._states: dict[str, set[InstanceState]] = {}

    def record(self, state: InstanceState) -> None:
        self._states.setdefault(state.instance_id, set()).add(state)

    def states(self, instance_ids: Collection[str]) -> Mapping[str, Sequence[InstanceState]]:
        return {
            name: sorted(self._states[name], key=lambda state: state.at)
            for name in instance_ids
            if name in self._states
        }


class MemoryReservationCatalogue:
    def __init__(self, reservations: Collection[CapacityReservation] = ()) -> None:
        self._reservations = tuple(reservations)

    def reserved(self, ids: Collection[str]) -> Sequence[CapacityReservation]:
        return [each for each in self._reservations if each.id in ids]


class MemoryVolumeCatalogue:
    def __init__(
        self, specs: Collection[VolumeSpec] = (), snapshots: Collection[EbsSnapshot] = ()
    ) -> None:
        self._specs = {spec.volume_id: spec for spec in specs}
        self._snapshots = sorted(snapshots, key=lambda snapshot: snapshot.snapshot_id)

    def describe(self, volume_ids: Collection[str]) -> Mapping[str, VolumeSpec]:
        return {name: self._specs[name] for name in volume_ids if name in self._specs}

    def snapshots(self, volume_ids: Collection[str]) -> EbsSnapshots:
        found: dict[str, list[EbsSnapshot]] = {}
        for each in self._snapshots:
            if each.volume_id in volume_ids:
                found.setdefault(each.volume_id, []).append(each)
        return found


class MemoryFileSystemCatalogue:
    def __init__(self, specs: Collection[FileSystem] = ()) -> None:
        self._specs = {spec.file_system_id: spec for spec in specs}

    def describe(self, file_system_ids: Collection[str]) -> Mapping[str, FileSystem]:
        return {name: self._specs[name] for name in file_system_ids if name in self._specs}
