"""Close an hour of one cluster: integrate its snapshots, price them, keep the rows."""

from __future__ import annotations

from datetime import timedelta

from bursar.config import Cluster
from bursar.domain.cluster import closing
from bursar.domain.cluster.costs import CostPolicy
from bursar.domain.cluster.hours import HourCosts
from bursar.domain.cluster.integration import integrate
from bursar.domain.periods import Window
from bursar.jobs.describe_storage import describe_storage
from bursar.ports import (
    CostHistory,
    FileSystemCatalogue,
    LifetimeStore,
    PriceBook,
    ReservationCatalogue,
    SnapshotStore,
    VolumeCatalogue,
)


def close_hour(
    cluster: Cluster,
    hour: Window,
    *,
    snapshots: SnapshotStore,
    lifetimes: LifetimeStore,
    volumes: VolumeCatalogue,
    file_systems: FileSystemCatalogue,
    fsx: FileSystemCatalogue,
    reservations: ReservationCatalogue,
    prices: PriceBook,
    history: CostHistory,
) -> HourCosts:
    """Close one UTC hour. Closing it again, with the same data, stores the same rows.

    An hour whose snapshots have expired since keeps the rows it has: what was known once is
    not replaced by `unknown`.
    """
    reach = timedelta(minutes=2 * cluster.snapshot_every_minutes)
    around = Window(hour.start - reach, hour.end + reach)
    time = integrate(hour, snapshots.between(cluster.name, around), lifetimes.states)
    if not time.known_seconds:
        for before in history.hours(cluster.name, hour):
            if before.known_seconds:
                return before
    described = describe_storage(
        (volume for volume, _ in time.volumes),
        volumes=volumes,
        file_systems=file_systems,
        fsx=fsx,
    )
    policy = cost_policy(cluster)
    reserved = reservations.reserved(cluster.capacity_reservations)
    keys = closing.keys_needed(time, described, reserved, policy.region)
    book = prices.prices_at(keys, hour.start)
    costs = closing.close(cluster.name, hour, time, described, book, policy, reserved)
    history.put_hour(costs)
    return costs


def cost_policy(cluster: Cluster) -> CostPolicy:
    return CostPolicy(
        region=cluster.region,
        basis=cluster.basis,
        shared_namespaces=frozenset(cluster.shared_namespaces),
        spread=cluster.spread_shared,
        extended_support={"auto": None, "standard": False, "extended": True}[cluster.support],
    )
