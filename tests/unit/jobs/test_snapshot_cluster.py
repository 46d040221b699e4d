"""Looking at a cluster every few minutes: kept when seen, told once when not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.clusters import MemoryClusterReader, MemorySnapshotStore
from bursar.adapters.memory.notices import MemoryHealthLog
from bursar.config.clusters import Cluster
from bursar.domain.cluster.records import ClusterUnreadableError, Pod
from bursar.domain.quality import Quality
from bursar.jobs.check_health import check_health
from bursar.jobs.snapshot_cluster import Seen, snapshot_cluster
from tests.unit.jobs.sample_config import config
from tests.unit.sample_cluster import TEN_TO_ELEVEN, inventory, node, pod, when

SEEN = MemoryClusterReader(inventory([node()], not_served=("services",)), [pod()])
UNSEEN = MemoryClusterReader(None)
CLUSTER = Cluster(
    name="prod", region="eu-west-1", endpoint="https://prod", snapshot_every_minutes=5
)


class HalfACluster(MemoryClusterReader):
    def pods(self) -> Iterator[Pod]:
        yield pod()
        raise ClusterUnreadableError("connection reset")


class Guard:
    def __init__(self) -> None:
        self.snapshots = MemorySnapshotStore()
        self.health = MemoryHealthLog()
        self.outbox = MemoryOutbox()

    def look(self, minute: float, reader: MemoryClusterReader) -> Seen:
        return snapshot_cluster(
            CLUSTER,
            when(minute),
            reader=reader,
            snapshots=self.snapshots,
            health=self.health,
            outbox=self.outbox,
        )

    @property
    def told(self) -> list[str]:
        return [row.alert.kind for row in self.outbox.all()]

    @property
    def kept(self) -> int:
        return len(list(self.snapshots.between("prod", TEN_TO_ELEVEN)))


@pytest.fixture
def guard() -> Guard:
    return Guard()


def test_a_cluster_that_is_seen_is_kept_as_of_the_scheduled_time(guard):
    assert guard.look(0, SEEN) == Seen("prod", Quality.FINAL, 1, 1, "not served: services")
    [kept] = guard.snapshots.between("prod", TEN_TO_ELEVEN)
    assert (kept.at, kept.interval_seconds) == (int(when(0).timestamp()), 300)
    assert (kept.inventory.nodes, kept.pods) == ((node(),), (pod(),))


def test_the_same_run_twice_keeps_one_snapshot(guard):
    guard.look(0, SEEN)
    guard.look(0, SEEN)
    assert guard.kept == 1


@pytest.mark.parametrize("reader", [UNSEEN, HalfACluster(inventory([node()]))])
def test_a_cluster_that_is_not_seen_whole_is_unknown_and_nothing_is_kept(guard, reader):
    guard.look(0, SEEN)
    seen = guard.look(5, reader)
    assert (seen.quality, seen.nodes, guard.kept) == (Quality.UNKNOWN, 0, 1)
    [health] = guard.health.all()
    assert (health.quality, health.good_at, health.at) == (Quality.UNKNOWN, when(0), when(5))


def test_an_outage_is_told_after_two_intervals_and_once(guard):
    guard.look(0, SEEN)
    told = []
    for minute in (5, 10, 15, 20, 25):
        guard.look(minute, UNSEEN)
        told.append(len(guard.told))
    assert told == [0, 0, 1, 1, 1]
    assert guard.told == ["source.blind"]


def test_a_cluster_that_is_back_is_told_once(guard):
    guard.look(0, SEEN)
    for minute in (5, 10, 15):
        guard.look(minute, UNSEEN)
    for minute in (20, 25):
        guard.look(minute, SEEN)
    assert guard.told == ["source.blind", "source.restored"]


def test_the_next_outage_is_another(guard):
    for start in (0, 60):
        guard.look(start, SEEN)
        for minute in (5, 10, 15):
            guard.look(start + minute, UNSEEN)
    assert guard.told == ["source.blind", "source.restored", "source.blind"]


def test_a_short_silence_is_told_neither_way(guard):
    guard.look(0, SEEN)
    guard.look(5, UNSEEN)
    guard.look(10, SEEN)
    assert guard.told == []


def test_a_cluster_that_was_never_seen_is_told_at_once_and_so_is_its_first_sight(guard):
    guard.look(0, UNSEEN)
    guard.look(5, SEEN)
    assert [row.alert.title for row in guard.outbox.all()] == [
        "cluster/prod was never seen: its cost is unknown, not zero",
        "cluster/prod is seen for the first time",
    ]


def test_the_end_of_a_silence_that_check_health_told_is_told_too(guard):
    guard.look(0, SEEN)
    check_health(
        config(spend={"enabled": False}), when(61), health=guard.health, outbox=guard.outbox
    )
    guard.look(65, SEEN)
    assert [row.alert.title for row in guard.outbox.all() if "cluster/" in row.alert.title] == [
        "cluster/prod has not been seen for 61 min: its cost is unknown, not zero",
        "cluster/prod is seen again after 65 min",
    ]


def test_a_run_that_dies_before_the_health_is_written_tells_the_return_when_retried(guard):
    for minute, reader in ((0, SEEN), (5, UNSEEN), (10, UNSEEN), (15, UNSEEN)):
        guard.look(minute, reader)
    before = guard.health.all()[0]
    guard.look(20, SEEN)
    guard.health.saw(before)  # as if the run had died there
    guard.look(20, SEEN)
    assert guard.told == ["source.blind", "source.restored"]
