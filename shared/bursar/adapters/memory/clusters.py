"""What is known of clusters in memory: snapshots, instance lifetimes, volumes, and a reader."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from bursar.adapters import snapshot_codec
from bursar.domain.cluster.lifetimes import InstanceState
from bursar.domain.cluster.records import (
    ClusterSnapshot,
    ClusterUnreadableError,
    Inventory,
    Pod,
)
from bursar.domain.cluster.storage import VolumeSpec
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
        self._snapshots: dict[tuple[str, datetime], bytes] = {}

    def put(self, snapshot: ClusterSnapshot) -> None:
        at = datetime.fromtimestamp(snapshot.at, UTC)
        self._snapshots[snapshot.cluster, at] = snapshot_codec.encode(snapshot)

    def between(self, cluster: str, window: Window) -> Iterator[ClusterSnapshot]:
        for name, at in sorted(self._snapshots):
            if name == cluster and window.start <= at < window.end:
                yield snapshot_codec.decode(self._snapshots[name, at])

    def latest(self, cluster: str, before: datetime) -> ClusterSnapshot | None:
        recent = Window(before - timedelta(days=2), before)
        return max(self.between(cluster, recent), key=lambda each: each.at, default=None)


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


class MemoryVolumeCatalogue:
    def __init__(self, specs: Collection[VolumeSpec] = ()) -> None:
        self._specs = {spec.volume_id: spec for spec in specs}

    def describe(self, volume_ids: Collection[str]) -> Mapping[str, VolumeSpec]:
        return {name: self._specs[name] for name in volume_ids if name in self._specs}
