"""Weeks of a guard's life in seconds: the jobs, in process, on memory adapters.

Each cluster is lived through by itself, hour by hour: snapshot, spot prices, close. Usage, the
bill and the budgets follow day by day. `past_processes` runs all of it at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bursar.adapters.memory.budgets import MemoryBudgetStore, MemoryOutbox
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
from bursar.adapters.memory.notices import MemoryHealthLog, MemoryPublisher
from bursar.adapters.memory.prices import MemoryPriceList, MemoryPriceStore
from bursar.adapters.memory.series import MemoryAnomalyStore, MemoryForecastStore
from bursar.adapters.memory.spend import MemoryCounter, MemorySpendStore
from bursar.adapters.memory.statements import MemoryStatementStore
from bursar.config import Config
from bursar.domain.books import Book, News
from bursar.domain.budgets import BudgetState
from bursar.domain.cluster.hours import HourCosts
from bursar.domain.cluster.lifetimes import InstanceState
from bursar.domain.cluster.records import CapacityType
from bursar.domain.periods import HOUR, Window, day_of, days, hours
from bursar.domain.prices import PriceRow, spot_parts
from bursar.domain.spot import SpotPoint
from bursar.events.prices import PriceBookPart, PriceRun
from bursar.events.runs import ScheduledRun
from bursar.jobs.check_budgets import check_budgets
from bursar.jobs.close_hour import close_hour
from bursar.jobs.collect_prices import collect_prices
from bursar.jobs.collect_spend import collect_spend
from bursar.jobs.record_node_lifetimes import record_node_lifetimes
from bursar.jobs.send_notifications import send_new
from bursar.jobs.snapshot_cluster import snapshot_cluster
from bursar.local.scenario import Scenario, inventory, pods, volume_specs
from bursar.local.series_runs import SeriesStores, look_at_series
from bursar.local.usage_past import UsageDay
from bursar.ports import Bill

BACKFILL_SNAPSHOTS_EVERY_MINUTES = 60
_BILL_ARRIVES = timedelta(hours=9, minutes=30)


@dataclass(frozen=True, slots=True)
class ClusterDay:
    """What one cluster's guard knows more after a day: its closed hours, and the spot prices of
    all days till then."""

    hours: list[HourCosts]
    spot_rows: list[PriceRow]


@dataclass(slots=True)
class Past:
    """What a guard that had run all along would know."""

    history: MemoryCostHistory = field(default_factory=MemoryCostHistory)
    spend: MemorySpendStore = field(default_factory=MemorySpendStore)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    states: list[BudgetState] = field(default_factory=list)
    hours: list[HourCosts] = field(default_factory=list)
    prices: list[PriceRow] = field(default_factory=list)
    statements: MemoryStatementStore = field(default_factory=MemoryStatementStore)
    forecasts: MemoryForecastStore = field(default_factory=MemoryForecastStore)
    anomalies: MemoryAnomalyStore = field(init=False)

    def __post_init__(self) -> None:
        self.anomalies = MemoryAnomalyStore(self.outbox)


def live_through(
    config: Config,
    window: Window,
    prices: Sequence[PriceRow],
    clusters: Sequence[Iterator[ClusterDay]],
    usage: Iterator[UsageDay],
    bill: Callable[[datetime], Bill],
) -> Past:
    """Run the jobs over the window as if it were passing, as each cluster and then the ledger
    tells of its days."""
    past = Past(prices=list(prices))
    past.prices += _follow_days(config, window, past, clusters, usage, bill)
    return past


def live_cluster(
    config: Config, scenario: Scenario, name: str, window: Window, prices: Sequence[PriceRow]
) -> Iterator[ClusterDay]:
    """Snapshot and close every hour of one cluster; tells each day when it is over."""
    found = config.cluster(name)
    cluster = found.model_copy(update={"snapshot_every_minutes": BACKFILL_SNAPSHOTS_EVERY_MINUTES})
    own = config.changed(clusters=(cluster,), budgets=())
    snapshots, lifetimes = MemorySnapshotStore(), MemoryLifetimeStore()
    store, history = MemoryPriceStore(prices), MemoryCostHistory()
    health, outbox = MemoryHealthLog(), MemoryOutbox()
    spot = MemorySpotHistory(_spot_points(scenario, name, window))
    volumes = MemoryVolumeCatalogue(volume_specs(scenario, name))
    for at, instance, state in scenario.instance_events(name, window.start, window.end):
        record_node_lifetimes(InstanceState(instance, state, at), lifetimes=lifetimes)
    closed: list[HourCosts] = []

    def look(at: datetime) -> None:
        reader = MemoryClusterReader(
            inventory(state := scenario.state(name, at)), tuple(pods(state))
        )
        snapshot_cluster(
            cluster, at, reader=reader, snapshots=snapshots, health=health, outbox=outbox
        )

    look(window.start)
    for hour in hours(window):
        look(hour.end)
        collect_prices(
            PriceRun(scheduled_at=hour.end + timedelta(minutes=2), part=PriceBookPart.SPOT),
            own,
            prices=store,
            price_list=MemoryPriceList(()),
            spot_history=spot,
            snapshots=snapshots,
            outbox=outbox,
            health=health,
        )
        closed.append(
            close_hour(
                cluster,
                hour,
                snapshots=snapshots,
                lifetimes=lifetimes,
                volumes=volumes,
                file_systems=MemoryFileSystemCatalogue(),
                fsx=MemoryFileSystemCatalogue(),
                reservations=MemoryReservationCatalogue(),
                prices=store,
                history=history,
                touched=MemoryLedger(),
            )
        )
        if hour.end == day_of(hour.start).end:
            yield ClusterDay(closed, [row for row in store.newest() if spot_parts(row.key)])
            closed = []


def _follow_days(
    config: Config,
    window: Window,
    past: Past,
    clusters: Sequence[Iterator[ClusterDay]],
    usage: Iterator[UsageDay],
    bill: Callable[[datetime], Bill],
) -> list[PriceRow]:
    """Each day: the days before are judged, its hours close, the bill of the day before arrives
    and is judged, budgets are checked. What is answered are the spot prices kept on the way."""
    spot_rows: list[PriceRow] = []
    budgets, health = MemoryBudgetStore(past.outbox), MemoryHealthLog()
    publisher, counter = MemoryPublisher(), MemoryCounter()
    series = SeriesStores(
        past.statements, past.spend, past.history, past.forecasts, past.anomalies
    )
    for day in days(window):
        look_at_series(day.start, config, series, Book.LEDGER)
        told = [next(cluster) for cluster in clusters]
        spot_rows = [row for each in told for row in each.spot_rows]
        for closed_hour in (hour for each in told for hour in each.hours):
            past.history.put_hour(closed_hour)
            past.hours.append(closed_hour)
        next(usage).put_into(past.statements)
        at = day.start + _BILL_ARRIVES
        if day.start > window.start:
            run = ScheduledRun(scheduled_at=at)
            collect_spend(run, bill=bill(at), store=past.spend, health=health)
            look_at_series(day.start, config, series, Book.BILLED)
        closed = [News(Book.METERED, cluster.name) for cluster in config.clusters]
        for news in (*closed, News(Book.LEDGER), News(Book.BILLED)):
            check_budgets(
                config,
                day.end - HOUR,
                news=news,
                history=past.history,
                statements=past.statements,
                spend=past.spend,
                budgets=budgets,
                forecasts=past.forecasts,
            )
        send_new(
            past.outbox.unsent(day.end),
            outbox=past.outbox,
            publisher=publisher,
            counter=counter,
            cap_per_hour=config.notifications.storm_cap_per_hour,
        )
    last = window.end - HOUR
    for budget in config.budgets:
        if state := budgets.state(budget.id, budget.window_at(last)):
            past.states.append(state)
    return spot_rows


def _spot_points(scenario: Scenario, cluster: str, window: Window) -> Iterator[SpotPoint]:
    nodes = (life.record for life in scenario.fleet(cluster).nodes)
    types = {node.instance_type for node in nodes if node.capacity_type is CapacityType.SPOT}
    return scenario.spot_points({name for name in types if name}, window.start, window.end)
