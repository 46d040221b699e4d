"""Keep the price book: list prices and a person's own once a day, spot prices every hour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bursar.config import Config
from bursar.config.prices import ManualPrice
from bursar.domain.cluster.records import CapacityType
from bursar.domain.health import SourceHealth
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, Window, hour_of
from bursar.domain.price_alerts import price_alert
from bursar.domain.price_changes import changes
from bursar.domain.price_list_errors import PriceListError
from bursar.domain.prices import PriceChange, PriceKey, PriceRow, is_instance_hour, on_demand, spot
from bursar.domain.quality import Quality
from bursar.domain.spot import SpotUnavailableError, by_zone, time_weighted_mean
from bursar.events.prices import PriceBookPart, PriceRun
from bursar.jobs.snapshot_reach import snapshot_reach
from bursar.ports import (
    CheckedPriceList,
    HealthLog,
    Outbox,
    PriceStore,
    SnapshotStore,
    SpotHistory,
)

MANUAL = "manual"
_ONE_PERSON = 3  # the largest factor by which one person alone changes a price
LIST_HOLDS_FOR = timedelta(hours=12)
SPOT_SOURCE = "EC2 spot price history"


class PricesNotCollectedError(Exception):
    """Some regions have no new prices; those of the other regions were kept."""


@dataclass(frozen=True, slots=True)
class CollectedPrices:
    """What one run did. `unpriced` are things of which no price could be had, each by name;
    `unconfirmed` are prices of a person that wait for a second one."""

    rows: int
    changed: tuple[PriceChange, ...] = ()
    unpriced: tuple[str, ...] = ()
    unconfirmed: tuple[str, ...] = ()


@dataclass(slots=True)
class _Told:
    """What the regions' sources said in this run."""

    rows: dict[str, list[PriceRow]] = field(default_factory=dict)
    unpriced: dict[str, list[str]] = field(default_factory=dict)
    unconfirmed: dict[str, list[str]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def collect_prices(
    run: PriceRun,
    config: Config,
    *,
    prices: PriceStore,
    price_list: CheckedPriceList,
    spot_history: SpotHistory,
    snapshots: SnapshotStore,
    outbox: Outbox,
    health: HealthLog,
) -> CollectedPrices:
    """Record the list prices of the regions that are due, or the spot prices of the last hours.

    A region's list is due when it was last read well half a day ago, or never: a fresh
    deployment has prices before its first hour closes.

    The alert about changed prices is posted before the rows are kept: a run that dies between
    the two finds the same changes when it is repeated, and posts the same alert id.

    Raises:
        PricesNotCollectedError: a region's source could not be read; its health says so.
    """
    if run.part is PriceBookPart.SPOT:
        told = _spot(run, config, spot_history, snapshots)
    else:
        told = _listed(run, config, price_list, _due(config, run.scheduled_at, health))
        _announce(told, run.scheduled_at, prices, outbox)
    changed: list[PriceChange] = []
    for region, rows in told.rows.items():
        changed += prices.record(rows)
        source = _source(run.part, region)
        waiting = told.unconfirmed.get(region, ())
        health.saw(_healthy(source, run.scheduled_at, len(rows), told.unpriced[region], waiting))
    for region, problem in told.failed.items():
        health.saw(_unhealthy(_source(run.part, region), run.scheduled_at, problem))
    if told.failed:
        raise PricesNotCollectedError(
            "; ".join(f"{region}: {problem}" for region, problem in told.failed.items())
        )
    return CollectedPrices(
        rows=sum(len(rows) for rows in told.rows.values()),
        changed=tuple(changed),
        unpriced=tuple(name for names in told.unpriced.values() for name in names),
        unconfirmed=tuple(each for prices in told.unconfirmed.values() for each in prices),
    )


def with_manual(
    rows: Iterable[PriceRow],
    manual: Iterable[ManualPrice],
    region: str,
    at: datetime,
    unconfirmed: list[str],
) -> list[PriceRow]:
    """The list's rows, with a person's price in the place of the list's for its instance type.

    One that changes the price beyond a factor of three and that no second person has approved
    does not take effect: `unconfirmed` gets it.
    Both have the same key, so while the price is configured the book tells it and not the
    list's; when it is taken out of the configuration, the next run tells the list's again.
    A price with a date to come waits for it. The latest date wins among several.
    """
    due = sorted(
        (price for price in manual if price.region == region and price.effective_from <= at),
        key=lambda price: price.effective_from,
    )
    by_key = {row.key: row for row in rows}
    for price in due:
        key = on_demand(region, price.instance_type)
        before = by_key.get(key)
        if before and _is_beyond(before.usd, price.usd_per_hour) and not price.approved_by:
            unconfirmed.append(_needs_approval(before, price))
            continue
        by_key[key] = PriceRow(
            key=key,
            usd=price.usd_per_hour,
            unit="hour",
            source=MANUAL,
            effective_from=price.effective_from,
            author=price.author,
            read_at=at,
        )
    return list(by_key.values())


def _is_beyond(old: Money, new: Money) -> bool:
    return new > old.times(_ONE_PERSON) or new.times(_ONE_PERSON) < old


def _needs_approval(before: PriceRow, price: ManualPrice) -> str:
    return (
        f"{price.instance_type} {before.usd.plain()} -> {price.usd_per_hour.plain()} by"
        f" {price.author} is a change beyond x{_ONE_PERSON}: somebody else approves it in"
        " prices.manual.approved_by"
    )


def _due(config: Config, now: datetime, health: HealthLog) -> list[str]:
    good_at = {each.source: each.good_at for each in health.all()}
    return [
        region
        for region in config.price_regions
        if (last := good_at.get(_source(PriceBookPart.LIST, region))) is None
        or now - last >= LIST_HOLDS_FOR
    ]


def _listed(
    run: PriceRun, config: Config, price_list: CheckedPriceList, regions: Iterable[str]
) -> _Told:
    told = _Told()
    for region in regions:
        try:
            rows = list(price_list.rows(region, run.scheduled_at))
        except PriceListError as error:
            told.failed[region] = str(error)
            continue
        told.unconfirmed[region] = []
        told.rows[region] = with_manual(
            rows, config.prices.manual, region, run.scheduled_at, told.unconfirmed[region]
        )
        told.unpriced[region] = [*price_list.ambiguous, *price_list.unmatched]
    return told


def _announce(told: _Told, at: datetime, prices: PriceStore, outbox: Outbox) -> None:
    rows = [row for of_region in told.rows.values() for row in of_region]
    instances = [row for row in rows if is_instance_hour(row.key)]
    current = prices.prices_at({row.key for row in instances}, at)
    if changed := changes(current, instances).changed:
        outbox.post(price_alert(changed, at))


def _spot(run: PriceRun, config: Config, history: SpotHistory, snapshots: SnapshotStore) -> _Told:
    """The last whole hour's price, and that of the hour before: a node that joined only now may
    have been billed in it. What the book already knows of that hour it does not keep again."""
    last = hour_of(run.scheduled_at - HOUR)
    before = Window(last.start - HOUR, last.start)
    told = _Told()
    for region, wanted in _spot_keys(config, snapshots, last, run.scheduled_at).items():
        types = {instance_type for instance_type, _ in wanted}
        try:
            zones = by_zone(history.points(region, types, Window(before.start, last.end)))
        except SpotUnavailableError as error:
            told.failed[region] = str(error)
            continue
        told.rows[region], told.unpriced[region] = [], []
        for (instance_type, zone), key in sorted(wanted.items()):
            points = zones.get((instance_type, zone), ())
            means = {hour: time_weighted_mean(points, hour) for hour in (before, last)}
            if means[last] is None:
                told.unpriced[region].append(str(key))
            told.rows[region] += (
                PriceRow(
                    key=key,
                    usd=mean,
                    unit="hour",
                    source=SPOT_SOURCE,
                    effective_from=hour.start,
                )
                for hour, mean in means.items()
                if mean is not None
            )
    return told


def _spot_keys(
    config: Config, snapshots: SnapshotStore, hour: Window, at: datetime
) -> Mapping[str, dict[tuple[str, str], PriceKey]]:
    """For each region, the (instance type, zone) of the spot nodes that were seen in the hour,
    around it, or since: one that has gone by now cost money until it went."""
    wanted: dict[str, dict[tuple[str, str], PriceKey]] = defaultdict(dict)
    for cluster in config.clusters:
        around = Window(hour.start - snapshot_reach(cluster), at)
        for nodes in snapshots.nodes_between(cluster.name, around):
            for node in nodes:
                if node.capacity_type is CapacityType.SPOT and node.instance_type and node.zone:
                    key = spot(cluster.region, node.instance_type, node.zone)
                    wanted[cluster.region][node.instance_type, node.zone] = key
    return wanted


def _source(part: PriceBookPart, region: str) -> str:
    return f"prices/{region}" if part is PriceBookPart.LIST else f"prices/{region}/spot"


def _healthy(
    source: str, at: datetime, rows: int, unpriced: Sequence[str], unconfirmed: Sequence[str]
) -> SourceHealth:
    detail = f"{rows} prices"
    if unpriced:
        more = f" and {len(unpriced) - 5} more" if len(unpriced) > 5 else ""
        detail += f"; not priced: {'; '.join(unpriced[:5])}{more}"
    if unconfirmed:
        detail += f"; not taken: {'; '.join(unconfirmed)}"
    return SourceHealth(source=source, at=at, quality=Quality.FINAL, good_at=at, detail=detail)


def _unhealthy(source: str, at: datetime, problem: str) -> SourceHealth:
    """Without `good_at`: the log remembers the last good time."""
    return SourceHealth(
        source=source, at=at, quality=Quality.UNKNOWN, good_at=None, detail=problem
    )
