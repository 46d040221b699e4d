"""What every store of use does: hours are replaced whole, and come in order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bursar.adapters.dynamodb import cluster_use
from bursar.adapters.dynamodb.cluster_use import DynamoClusterUseStore, TooMuchUseError
from bursar.adapters.memory.cluster_use import MemoryClusterUseStore
from bursar.domain.cluster.use import ClusterUse, GpuUse, ServedModel
from bursar.domain.periods import Window
from bursar.domain.usage.records import TokenCounts
from bursar.ports import ClusterUseStore

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def store(backing: Any) -> ClusterUseStore:
    return MemoryClusterUseStore() if backing is None else DynamoClusterUseStore(backing)


def use(cluster: str = "prod", hour: int = 0, busy: float | None = 0.37) -> ClusterUse:
    gpu = GpuUse(
        gpu="GPU-1",
        gpu_model="NVIDIA L4",
        node="n-1",
        namespace="chat",
        pod="vllm-0",
        known_seconds=3600.0,
        busy=busy,
        idle=0.5,
        tensor=None,
        memory_mean_gib=20.25,
        memory_peak_gib=21.5,
        memory_total_gib=22.0,
    )
    served = ServedModel(
        namespace="chat",
        model="llama-3.1-8b",
        requests=120,
        tokens=TokenCounts(50_000, 10_000, output=9_000),
        prefill_seconds=4.25,
        decode_seconds=90.5,
        complete=False,
        unseen_from=NOON - timedelta(hours=1),
    )
    at = NOON + timedelta(hours=hour)
    return ClusterUse(cluster=cluster, hour=at, gpus=(gpu,), served=(served,))


def between(store: ClusterUseStore, first: int, end: int) -> list[ClusterUse]:
    span = Window(NOON + timedelta(hours=first), NOON + timedelta(hours=end))
    return list(store.between("prod", span))


def test_hours_come_back_whole_in_order_and_of_their_cluster_alone(
    store: ClusterUseStore,
) -> None:
    for each in (use(hour=1), use(), use("other"), use(hour=2)):
        store.put(each)
    assert between(store, 0, 2) == [use(), use(hour=1)]
    assert between(store, 3, 9) == []


def test_an_hour_collected_again_is_replaced(store: ClusterUseStore) -> None:
    store.put(use())
    store.put(use(busy=None))
    assert between(store, 0, 1) == [use(busy=None)]


def test_an_hour_too_large_for_an_item_is_refused_by_name(
    dynamodb_table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_use, "_LARGEST_BYTES", 100)
    with pytest.raises(TooMuchUseError, match="prod: 1 GPUs"):
        DynamoClusterUseStore(dynamodb_table).put(use())
