"""Close an hour of one cluster: integrate its snapshots, price them, keep the rows."""

from __future__ import annotations

from datetime import datetime

from bursar.config.clusters import Cluster
from bursar.domain.cluster import closing
from bursar.domain.cluster.costs import CostPolicy
from bursar.domain.cluster.hours import HourCosts
from bursar.domain.cluster.integration import ClusterTime, integrate
from bursar.domain.periods import HOUR, Window
from bursar.jobs.describe_storage import describe_storage
from bursar.jobs.snapshot_reach import snapshot_reach
from bursar.ports import (
    CostHistory,
    FileSystemCatalogue,
    LifetimeStore,
    PriceBook,
    ReservationCatalogue,
    SnapshotStore,
    TouchedHours,
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
    touched: TouchedHours,
    at: datetime | None = None,
) -> HourCosts:
    """Close one UTC hour. Closing it again, with the same data, stores the same rows.

    An hour whose snapshots have expired since keeps the rows it has: what was known once is
    not replaced by `unknown`.

    `at` says that this is the hourly run of that time: the hour before, which the run before
    it closed, is closed again when a machine that EC2 started in it has joined only since.
    Both are marked as touched, so that a statement that was made before is made anew.
    """
    reach = snapshot_reach(cluster)

    def close(window: Window) -> tuple[ClusterTime, HourCosts]:
        around = Window(window.start - reach, window.end + reach)
        after = Window(around.end, around.end + HOUR)
        time = integrate(
            window,
            snapshots.between(cluster.name, around),
            lifetimes.states,
            (node for nodes in snapshots.nodes_between(cluster.name, after) for node in nodes),
        )
        if not time.known_seconds:
            for before in history.hours(cluster.name, window):
                if before.known_seconds:
                    return time, before
        described = describe_storage(
            (volume for volume, _ in time.volumes),
            volumes=volumes,
            file_systems=file_systems,
            fsx=fsx,
        )
        policy = cost_policy(cluster)
        reserved = reservations.reserved(cluster.capacity_reservations)
        keys = closing.keys_needed(time, described, reserved, policy.region)
        book = prices.prices_at(keys, window.start)
        costs = closing.close(cluster.name, window, time, described, book, policy, reserved)
        history.put_hour(costs)
        if at:
            cause = f"{cluster.name} at {at.isoformat()}: {costs.total.plain()}"
            touched.touch(window.start, cause)
        return time, costs

    time, costs = close(hour)
    if at and time.latest_join and time.latest_join > _surely_seen(cluster, at - HOUR):
        close(Window(hour.start - HOUR, hour.start))
    return costs


def _surely_seen(cluster: Cluster, closed_at: datetime) -> int:
    """The snapshot of the last interval may not have been written when an hour was closed."""
    return int(closed_at.timestamp()) - 60 * cluster.snapshot_every_minutes


def cost_policy(cluster: Cluster) -> CostPolicy:
    return CostPolicy(
        region=cluster.region,
        basis=cluster.basis,
        shared_namespaces=frozenset(cluster.shared_namespaces),
        spread=cluster.spread_shared,
        extended_support={"auto": None, "standard": False, "extended": True}[cluster.support],
    )
