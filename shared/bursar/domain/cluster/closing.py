"""Close an hour: from seconds of nodes, pods and volumes to rows of cost."""

from __future__ import annotations

from collections.abc import Iterable

from bursar.domain import prices
from bursar.domain.cluster.cluster_items import (
    add_control_plane,
    add_load_balancers,
    add_public_addresses,
    add_reservations,
    cluster_keys,
    note_unlisted,
)
from bursar.domain.cluster.costs import (
    CostPolicy,
    CostSheet,
    NodeUse,
    price_nodes,
    settle_shared,
)
from bursar.domain.cluster.hours import HourCosts
from bursar.domain.cluster.integration import ClusterTime
from bursar.domain.cluster.node_prices import Prices, keys_of
from bursar.domain.cluster.storage import Described
from bursar.domain.cluster.storage_costs import add_storage, storage_keys
from bursar.domain.cluster.volumes import StoragePricing, claim_owners
from bursar.domain.instance_types import CapacityReservation
from bursar.domain.periods import Window
from bursar.domain.prices import PriceKey
from bursar.domain.quality import Quality


def keys_needed(
    time: ClusterTime,
    described: Described,
    reservations: Iterable[CapacityReservation],
    region: str,
) -> set[PriceKey]:
    balancers = [balancer for balancer, _ in time.load_balancers]
    return (
        keys_of((node for node, _ in time.nodes), region)
        | storage_keys((volume for volume, _ in time.volumes), described, region)
        | cluster_keys(region, balancers, is_eks=time.is_eks)
        | {prices.on_demand(region, reservation.instance_type) for reservation in reservations}
    )


def close(
    cluster: str,
    window: Window,
    time: ClusterTime,
    described: Described,
    book: Prices,
    policy: CostPolicy,
    reservations: Iterable[CapacityReservation] = (),
) -> HourCosts:
    """Price one window of a cluster.

    The hour is `final` when snapshots cover it whole and everything in it has its price,
    `estimated` otherwise, and `unknown`, with no row, when nothing was seen at all.
    """
    if not time.known_seconds:
        return HourCosts(
            cluster, window, Quality.UNKNOWN, 0, policy.basis, rows={}, as_of=time.as_of
        )
    sheet = CostSheet()
    uses = {node.identity: NodeUse.of(node, seconds) for node, seconds in time.nodes}
    for run in time.pods:
        if run.node is None:
            name = f"{run.pod.namespace}/{run.pod.workload}"
            sheet.unpriced[name] = f"ran on node {run.pod.node}, which was never listed"
            continue
        uses[run.node.identity].add(run.pod, run.seconds, run.cpu_milli, run.memory_bytes)
    price_nodes(sheet, uses.values(), policy, book)
    settle_shared(sheet, policy)
    owners = claim_owners(run.pod for run in time.pods)
    pricing = StoragePricing(described, owners, policy, book, window.start)
    add_storage(sheet, time.volumes, pricing)
    add_load_balancers(sheet, time.load_balancers, policy, book)
    add_public_addresses(sheet, time.nodes, policy, book)
    note_unlisted(sheet, time.not_served)
    if time.is_eks:
        version, seconds = time.kubernetes_version, time.known_seconds
        add_control_plane(sheet, version, seconds, policy, book, window.start)
    add_reservations(sheet, reservations, time.known_seconds, policy, book)
    whole = time.known_seconds == int(window.length.total_seconds())
    return HourCosts(
        cluster=cluster,
        window=window,
        quality=sheet.quality if whole else Quality.ESTIMATED,
        known_seconds=time.known_seconds,
        basis=policy.basis,
        rows=sheet.rows(),
        unpriced=sheet.unpriced_items(),
        as_of=time.as_of,
    )
