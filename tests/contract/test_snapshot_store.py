"""What every store of raw snapshots does: give back what was seen, by time; and its bytes."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from bursar.adapters import snapshot_codec
from bursar.adapters.memory.clusters import MemorySnapshotStore
from bursar.adapters.s3 import S3SnapshotStore, key
from bursar.adapters.snapshot_codec import SnapshotCorruptError
from bursar.domain.cluster.records import (
    CapacityType,
    ClusterSnapshot,
    Inventory,
    LoadBalancer,
    Node,
    Pod,
    Volume,
)
from bursar.domain.periods import Window
from bursar.ports import SnapshotStore
from tests.contract.s3_bucket import BUCKET

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
MINUTES_5 = timedelta(minutes=5)
EMPTY = Inventory((), (), (), None, is_eks=False)


@pytest.fixture(params=["memory", "s3"])
def store(request: pytest.FixtureRequest) -> SnapshotStore:
    if request.param == "memory":
        return MemorySnapshotStore()
    return S3SnapshotStore(request.getfixturevalue("bucket"), BUCKET)


def seen(at: datetime, cluster: str = "prod", interval: int = 300) -> ClusterSnapshot:
    return ClusterSnapshot(cluster, int(at.timestamp()), interval, EMPTY, ())


def times(store: SnapshotStore, start: datetime, end: datetime) -> list[datetime]:
    return [
        datetime.fromtimestamp(each.at, UTC) for each in store.between("prod", Window(start, end))
    ]


def full() -> ClusterSnapshot:
    node = Node(
        "n-1",
        "p5.48xlarge",
        "eu-west-1a",
        CapacityType.SPOT,
        191_450,
        2**41,
        {"nvidia.com/gpu": 8},
        1_763_640_000,
        gpu_count=8,
    )
    pod = Pod(
        "uid",
        "suche-ü",
        "api",
        "llama",
        "n-1",
        1,
        2**63,
        {"nvidia.com/gpu": 1},
        None,
        labels={"team": "x"},
        claims=("data",),
        cpu_used_milli=0,
    )
    volume = Volume("pv", 2**40, "Bound", None, None, None, None, None, {"type": "gp3"})
    balancer = LoadBalancer("search", "api", "network")
    inventory = Inventory((node,), (volume,), (balancer,), "1.33", True, ("metrics",))
    return ClusterSnapshot("prod", int(NOON.timestamp()), 300, inventory, (pod,))


def test_everything_that_was_seen_comes_back(store: SnapshotStore) -> None:
    store.put(full())
    assert list(store.between("prod", Window(NOON, NOON + MINUTES_5))) == [full()]


def test_the_nodes_of_a_window_come_without_their_pods_oldest_first(store: SnapshotStore) -> None:
    store.put(seen(NOON + MINUTES_5))
    store.put(full())
    told = list(store.nodes_between("prod", Window(NOON, NOON + 2 * MINUTES_5)))
    assert told == [full().inventory.nodes, seen(NOON).inventory.nodes]
    assert list(store.nodes_between("prod", Window(NOON, NOON))) == []


def test_a_window_is_half_open_and_oldest_first(store: SnapshotStore) -> None:
    second = timedelta(seconds=1)
    for at in (NOON + MINUTES_5, NOON, NOON - second, NOON + 2 * MINUTES_5):
        store.put(seen(at))
    assert times(store, NOON, NOON + 2 * MINUTES_5) == [NOON, NOON + MINUTES_5]
    assert times(store, NOON - second, NOON) == [NOON - second]
    assert times(store, NOON, NOON) == []


def test_a_window_over_midnight_and_months_is_whole(store: SnapshotStore) -> None:
    new_year = datetime(2027, 1, 1, tzinfo=UTC)
    told = [new_year + n * timedelta(hours=9) for n in range(-4, 4)]
    for at in told:
        store.put(seen(at))
    assert times(store, told[0], told[-1] + MINUTES_5) == told


def test_a_window_in_another_time_zone_means_the_same_instants(store: SnapshotStore) -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    for at in (MIDNIGHT - MINUTES_5, MIDNIGHT, MIDNIGHT + MINUTES_5):
        store.put(seen(at))
    start, end = MIDNIGHT.astimezone(tokyo), (MIDNIGHT + MINUTES_5).astimezone(tokyo)
    assert times(store, start, end) == [MIDNIGHT]


def test_a_snapshot_of_the_same_instant_replaces_the_one_before(store: SnapshotStore) -> None:
    store.put(seen(NOON))
    store.put(seen(NOON, interval=60))
    (found,) = store.between("prod", Window(NOON, NOON + MINUTES_5))
    assert found.interval_seconds == 60


def test_clusters_whose_names_begin_alike_are_apart(store: SnapshotStore) -> None:
    for cluster in ("prod-2", "prod", "prod2"):
        store.put(seen(NOON, cluster))
    assert len(times(store, NOON, NOON + MINUTES_5)) == 1
    found = store.latest("prod", NOON + MINUTES_5)
    assert found is not None
    assert found.cluster == "prod"


def test_the_latest_is_the_newest_before_a_time(store: SnapshotStore) -> None:
    for n in range(3):
        store.put(seen(NOON + n * MINUTES_5))
    for before, newest in (
        (NOON + timedelta(days=1), NOON + 2 * MINUTES_5),
        (NOON + 2 * MINUTES_5, NOON + MINUTES_5),
        (NOON + timedelta(seconds=1), NOON),
    ):
        assert store.latest("prod", before) == seen(newest)
    assert store.latest("prod", NOON) is None


def test_the_latest_is_looked_for_in_two_days_and_no_further(store: SnapshotStore) -> None:
    store.put(seen(NOON))
    assert store.latest("prod", NOON + timedelta(days=2)) == seen(NOON)
    assert store.latest("prod", NOON + timedelta(days=2, seconds=1)) is None
    assert store.latest("other", NOON + MINUTES_5) is None


class Named(S3SnapshotStore):
    """Gives the names of the objects instead of reading them, which takes moto a while."""

    def _get(self, name: str, decode: Any) -> Any:
        return name


def test_a_day_of_more_snapshots_than_one_listing_is_whole(bucket: Any) -> None:
    store = Named(bucket, BUCKET)
    names = [key("prod", MIDNIGHT + n * timedelta(minutes=1)) for n in range(1_005)]
    for name in names:
        bucket.put_object(Bucket=BUCKET, Key=name, Body=b"")
    day = Window(MIDNIGHT, MIDNIGHT + timedelta(days=1))
    assert list(store.between("prod", day)) == names
    assert store.latest("prod", day.end) == names[-1]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not gzip at all",
        snapshot_codec.encode(full())[:-20],
        snapshot_codec.encode(full())[:60] + bytes(40) + snapshot_codec.encode(full())[100:],
        gzip.compress(b"", mtime=0),
        gzip.compress(b"\xc1", mtime=0),
        gzip.compress(msgspec.msgpack.encode({"cluster": "prod"}), mtime=0),
        gzip.compress(msgspec.msgpack.encode(["another", "shape"]), mtime=0),
    ],
    ids=["empty", "text", "cut", "damaged", "nothing", "invalid", "half", "other"],
)
def test_a_corrupt_object_is_named_as_such(bucket: Any, body: bytes) -> None:
    bucket.put_object(Bucket=BUCKET, Key=key("prod", NOON), Body=body)
    store = S3SnapshotStore(bucket, BUCKET)
    with pytest.raises(SnapshotCorruptError, match="prod/2026/11/20/20261120T120000Z"):
        list(store.between("prod", Window(NOON, NOON + MINUTES_5)))
    with pytest.raises(SnapshotCorruptError, match="prod/2026/11/20/20261120T120000Z"):
        list(store.nodes_between("prod", Window(NOON, NOON + MINUTES_5)))


texts = some.text(max_size=12)
counts = some.integers(0, 2**63 - 1)
amounts = some.dictionaries(texts, counts, max_size=3)
labels = some.dictionaries(texts, texts, max_size=3)
maybe = some.none() | counts
pods = some.builds(
    Pod,
    uid=texts,
    namespace=texts,
    workload=texts,
    model=texts,
    node=some.none() | texts,
    cpu_milli=counts,
    memory_bytes=counts,
    accelerators=amounts,
    started_at=maybe,
    finished_at=maybe,
    claims=some.lists(texts, max_size=2).map(tuple),
    labels=labels,
    cpu_used_milli=maybe,
    memory_used_bytes=maybe,
)
nodes = some.builds(
    Node,
    name=texts,
    instance_type=some.none() | texts,
    zone=some.none() | texts,
    capacity_type=some.sampled_from(CapacityType),
    cpu_milli=counts,
    memory_bytes=counts,
    accelerators=amounts,
    created_at=maybe,
    node_group=some.none() | texts,
    gpu_count=maybe,
    arm=some.booleans(),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some.lists(nodes, max_size=3), some.lists(pods, max_size=4), texts)
def test_any_snapshot_comes_back_from_its_bytes(
    given_nodes: list[Node], given_pods: list[Pod], cluster: str
) -> None:
    inventory = Inventory(tuple(given_nodes), (), (), None, is_eks=True)
    told = ClusterSnapshot(cluster, 0, 300, inventory, tuple(given_pods))
    assert snapshot_codec.decode(snapshot_codec.encode(told)) == told
