"""The hourly jobs, in the template's order, beside what a cluster with spot nodes truly cost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.clusters import (
    MemoryClusterReader,
    MemoryFileSystemCatalogue,
    MemoryLifetimeStore,
    MemoryReservationCatalogue,
    MemorySnapshotStore,
    MemoryVolumeCatalogue,
)
from bursar.adapters.memory.costs import MemoryCostHistory
from bursar.adapters.memory.ec2 import MemorySpotHistory
from bursar.adapters.memory.ledger import MemoryLedger
from bursar.adapters.memory.notices import MemoryHealthLog
from bursar.adapters.memory.prices import MemoryPriceList, MemoryPriceStore
from bursar.config.bursar_yaml import validated
from bursar.domain.cluster.lifetimes import InstanceState
from bursar.domain.periods import HOUR, Window, hours
from bursar.events.prices import PriceBookPart, PriceRun
from bursar.jobs.close_hour import close_hour
from bursar.jobs.collect_prices import collect_prices
from bursar.jobs.record_node_lifetimes import record_node_lifetimes
from bursar.jobs.snapshot_cluster import snapshot_cluster
from bursar.local.demo_config import demo_config
from bursar.local.embedded.clock import Clock
from bursar.local.scenario import Scenario, inventory, pods, true_cost, volume_specs
from bursar.local.services import Services

CLUSTER = "training"
START = datetime(2026, 10, 19, tzinfo=UTC)
BUSY = Window(START + 33 * HOUR, START + 42 * HOUR)  # a Tuesday from 9:00 to 18:00
SPOT_AT, CLOSE_AT = timedelta(minutes=9), timedelta(minutes=11)  # as in the template


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return Scenario(start=START, seed=7, days=3)


@pytest.fixture(scope="module")
def closed(scenario: Scenario) -> MemoryCostHistory:
    """The busy hours, closed one after another as the schedules do."""
    config = validated(demo_config({"inference": 1, "training": 2}))
    cluster = config.cluster(CLUSTER)
    config = config.changed(clusters=(cluster,))
    services = Services(scenario, config, Clock(START))
    listed = list(services.read_price_list().rows(config.region, START))
    services.close()
    snapshots, lifetimes, history = (
        MemorySnapshotStore(),
        MemoryLifetimeStore(),
        MemoryCostHistory(),
    )
    prices, outbox, health = MemoryPriceStore(listed), MemoryOutbox(), MemoryHealthLog()
    spot = MemorySpotHistory(
        scenario.spot_points(["g5.12xlarge"], BUSY.start - 4 * HOUR, BUSY.end)
    )
    for at, instance, state in scenario.instance_events(CLUSTER, START, BUSY.end):
        record_node_lifetimes(InstanceState(instance, state, at), lifetimes=lifetimes)

    def look(at: datetime) -> None:
        state = scenario.state(CLUSTER, at)
        reader = MemoryClusterReader(inventory(state), tuple(pods(state)))
        snapshot_cluster(
            cluster, at, reader=reader, snapshots=snapshots, health=health, outbox=outbox
        )

    for at in _quarters(BUSY.start - HOUR, BUSY.start):
        look(at)
    for hour in hours(Window(BUSY.start, BUSY.end + HOUR)):
        look(hour.start)
        collect_prices(
            PriceRun(scheduled_at=hour.start + SPOT_AT, part=PriceBookPart.SPOT),
            config,
            prices=prices,
            price_list=MemoryPriceList(()),
            spot_history=spot,
            snapshots=snapshots,
            outbox=outbox,
            health=health,
        )
        close_hour(
            cluster,
            Window(hour.start - HOUR, hour.start),
            snapshots=snapshots,
            lifetimes=lifetimes,
            volumes=MemoryVolumeCatalogue(volume_specs(scenario, CLUSTER)),
            file_systems=MemoryFileSystemCatalogue(),
            fsx=MemoryFileSystemCatalogue(),
            reservations=MemoryReservationCatalogue(),
            prices=prices,
            history=history,
            touched=MemoryLedger(),
            at=hour.start + CLOSE_AT,
        )
        for at in _quarters(hour.start + timedelta(minutes=15), hour.end):
            look(at)
    return history


def _quarters(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += timedelta(minutes=15)


def test_every_hour_with_spot_nodes_that_come_and_go_closes_at_its_true_cost(
    scenario: Scenario, closed: MemoryCostHistory
) -> None:
    told = {hour.window: hour.total for hour in closed.hours(CLUSTER, BUSY)}
    assert list(told) == list(hours(BUSY))
    for window, total in told.items():
        true = sum(true_cost(scenario, CLUSTER, window).values(), Decimal(0))
        assert abs(Decimal(total.plain()) - true) < Decimal("1e-9")
    ends = [node.ended for node in scenario.fleet(CLUSTER).nodes if node.group.spot]
    start, end = BUSY.start.timestamp(), BUSY.end.timestamp()
    assert any(start < ended < end for ended in ends)  # one was gone before its hour ended
