"""A small cluster for tests: an m5 and its friends, at prices that divide by head."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bursar.domain import prices
from bursar.domain.cluster.records import (
    CapacityType,
    ClusterSnapshot,
    Inventory,
    LoadBalancer,
    Node,
    Pod,
    Volume,
)
from bursar.domain.cluster.unowned import UNALLOCATED
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, Window
from bursar.domain.prices import PriceKey, PriceRow

REGION, ZONE = "eu-west-1", "eu-west-1a"
GIB = 2**30
TEN = datetime(2026, 11, 20, 10, tzinfo=UTC)  # a November of 720 hours
TEN_TO_ELEVEN = Window(TEN, TEN + HOUR)
LONG_AGO = int(TEN.timestamp()) - 86_400


def at(minute: float) -> int:
    """Epoch seconds of a minute after ten."""
    return int(TEN.timestamp() + 60 * minute)


def when(minute: float) -> datetime:
    return TEN + timedelta(minutes=minute)


def node(name: str = "n1", **changes: Any) -> Node:
    """4 vCPU, 16 GiB, on demand, older than the hour."""
    plain = Node(
        name=name,
        instance_type="m5.xlarge",
        zone=ZONE,
        capacity_type=CapacityType.ON_DEMAND,
        cpu_milli=4_000,
        memory_bytes=16 * GIB,
        accelerators={},
        created_at=LONG_AGO,
        instance_id=f"i-{name}",
    )
    return replace(plain, **changes)


def pod(name: str = "p1", on: str | None = "n1", **changes: Any) -> Pod:
    """1 vCPU, 4 GiB: a quarter of the node."""
    plain = Pod(
        uid=name,
        namespace="search",
        workload=name,
        model=UNALLOCATED,
        node=on,
        cpu_milli=1_000,
        memory_bytes=4 * GIB,
        accelerators={},
        started_at=LONG_AGO,
    )
    return replace(plain, **changes)


def volume(name: str = "pv1", **changes: Any) -> Volume:
    plain = Volume(
        name=name,
        capacity_bytes=100 * GIB,
        phase="Bound",
        driver="ebs.csi.aws.com",
        volume_id=f"vol-{name}",
        claim_namespace="search",
        claim_name="data",
        storage_class="fast",
        class_parameters={"type": "gp3"},
    )
    return replace(plain, **changes)


def inventory(
    nodes: Iterable[Node] = (),
    *,
    volumes: Iterable[Volume] = (),
    load_balancers: Iterable[LoadBalancer] = (),
    version: str | None = "1.34",
    is_eks: bool = False,
    not_served: tuple[str, ...] = (),
) -> Inventory:
    return Inventory(
        tuple(nodes), tuple(volumes), tuple(load_balancers), version, is_eks, not_served
    )


def snapshot(
    minute: float,
    nodes: Iterable[Node] = (),
    pods: Iterable[Pod] = (),
    *,
    every_minutes: int = 5,
    **others: Any,
) -> ClusterSnapshot:
    held = inventory(nodes, **others)
    return ClusterSnapshot("prod", at(minute), 60 * every_minutes, held, tuple(pods))


def all_hour(
    nodes: Iterable[Node] = (), pods: Iterable[Pod] = (), **others: Any
) -> list[ClusterSnapshot]:
    """Every five minutes from five before ten to five past eleven, nothing changes."""
    kept_nodes, kept_pods = tuple(nodes), tuple(pods)
    return [snapshot(m, kept_nodes, kept_pods, **others) for m in range(-5, 70, 5)]


def row(key: PriceKey, usd: str, source: str = "AWS Price List") -> PriceRow:
    return PriceRow(
        key=key,
        usd=Money.of(usd),
        unit="hour",
        source=source,
        effective_from=datetime(2026, 1, 1, tzinfo=UTC),
    )


def book(*rows: PriceRow, m5: str | None = "1.006") -> Mapping[PriceKey, PriceRow]:
    listed = [row(prices.on_demand(REGION, "m5.xlarge"), m5)] if m5 else []
    return {each.key: each for each in [*listed, *rows]}
