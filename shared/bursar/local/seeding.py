"""Put a past into a freshly deployed stack, so that it goes on as if it had always run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from bursar.adapters.dynamodb.closed_months import DynamoClosedMonthStore
from bursar.adapters.dynamodb.ledger.gates import DynamoMonthGates
from bursar.adapters.dynamodb.ledger.loading import load, load_windows
from bursar.config import Config
from bursar.domain.books import Book
from bursar.domain.chargeback import months_before
from bursar.domain.cluster.lifetimes import InstanceState
from bursar.domain.cluster.records import ClusterSnapshot
from bursar.domain.health import SourceHealth
from bursar.domain.ledger.months import MonthState, month_name
from bursar.domain.periods import DAY, Window, month_of
from bursar.domain.quality import Quality
from bursar.domain.spend import Metric, as_of_one_bill
from bursar.jobs.check_health import expected_sources
from bursar.local.backfill import Past
from bursar.local.scenario import Scenario, inventory, pods
from bursar.local.stores import Stores
from bursar.local.usage_past import UsagePast

_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_SNAPSHOTS_REACH_BACK = timedelta(hours=3)
_SPEND_REACHES_BACK = timedelta(days=31)
_HOURS_REACH_BACK = timedelta(days=7)
_LIVES_REACH_BACK = timedelta(days=120)


def seed(past: Past, config: Config, scenario: Scenario, stores: Stores, anew: Window) -> None:
    """Write what the functions will look for from its end on, but for the ledger. The hours of
    `anew` may be stated anew."""
    now = anew.end
    stores.history.load(past.hours, hours_from=min(now - _HOURS_REACH_BACK, anew.start))
    stores.prices.record(past.prices)
    first, last = (now - _SPEND_REACHES_BACK).date(), now.date()
    for metric in Metric:
        stores.spend.record(as_of_one_bill(past.spend.latest(config.account, metric, first, last)))
        stores.spend.load(past.spend.latest(config.account, metric, date.min, first - DAY))
    for row in past.outbox.all():
        stores.outbox.post(row)
        if row.sent_at:
            stores.outbox.mark_sent(row, row.sent_at)
    for state in past.states:
        stores.budgets.commit(None, state, ())
    _seed_series(past, stores, now)
    for instance in _recent_instances(config, scenario, now):
        stores.lifetimes.record(instance)
    for snapshot in _recent_snapshots(config, scenario, now):
        stores.snapshots.put(snapshot)
    for source in expected_sources(config):
        seen = SourceHealth(source=source, at=now, quality=Quality.FINAL, good_at=now)
        stores.health.saw(seen)


def _seed_series(past: Past, stores: Stores, now: datetime) -> None:
    """What was foreseen last, and every anomaly; what it told is in the outbox."""
    for book in (Book.LEDGER, Book.BILLED):
        newest = (past.forecasts.of_day(book, (now - n * DAY).date()) for n in range(1, 4))
        stores.forecasts.put(next(filter(None, newest), ()))
    for event in past.anomalies.known(_BEGINNING):
        stores.anomalies.commit(None, event, ())


def seed_ledger(usage: UsagePast, stores: Stores, anew: Window) -> None:
    """Write every statement; and what those of `anew` were made from."""
    now = anew.end
    for row in usage.outbox.all():
        stores.outbox.post(row)
    month = month_of(now).start
    stores.statements.load(usage.statements.hours(Window(_BEGINNING, now)), hours_from=month)
    for closed in months_before(month_name(month)):
        if frozen := usage.closed_months.frozen(closed):
            DynamoClosedMonthStore(stores.table).freeze(frozen)
            DynamoMonthGates(stores.table).turn(closed, MonthState.CLOSED)
    records = list(usage.archive.records(anew))
    names = [(record.producer, record.id) for record in records]
    load(stores.table, usage.ledger.entries(names).values())
    load_windows(stores.table, usage.windows(now))
    stores.archive.put(records, now)


def _recent_instances(
    config: Config, scenario: Scenario, now: datetime
) -> Iterator[InstanceState]:
    """Of the nodes that are alive, and of those that ended a moment ago."""
    for cluster in config.clusters:
        nodes = inventory(scenario.state(cluster.name, now)).nodes
        alive = {node.instance_id for node in nodes}
        for at, instance, state in scenario.instance_events(
            cluster.name, now - _LIVES_REACH_BACK, now
        ):
            if instance in alive or at >= now - _SNAPSHOTS_REACH_BACK:
                yield InstanceState(instance, state, at)


def _recent_snapshots(
    config: Config, scenario: Scenario, now: datetime
) -> Iterator[ClusterSnapshot]:
    for cluster in config.clusters:
        every = timedelta(minutes=cluster.snapshot_every_minutes)
        at = now - _SNAPSHOTS_REACH_BACK
        while at < now:
            state = scenario.state(cluster.name, at)
            yield ClusterSnapshot(
                cluster=cluster.name,
                at=int(at.timestamp()),
                interval_seconds=int(every.total_seconds()),
                inventory=inventory(state),
                pods=tuple(pods(state)),
            )
            at += every
