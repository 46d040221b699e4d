"""What a cluster costs beside nodes and storage: balancers, control plane, addresses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction

from bursar.domain import prices
from bursar.domain.cluster.costs import SECONDS_PER_HOUR, CostPolicy, CostSheet
from bursar.domain.cluster.hours import Category, RowKey
from bursar.domain.cluster.node_prices import Prices, is_manual
from bursar.domain.cluster.records import LoadBalancer, Node
from bursar.domain.cluster.unowned import CONTROL_PLANE, NETWORK, RESERVED, UNALLOCATED
from bursar.domain.eks_support import Support, support_of
from bursar.domain.instance_types import CapacityReservation
from bursar.domain.prices import PriceKey

_BILLED_LISTS = {"persistentvolumes": "volumes", "services": "load balancers"}


def cluster_keys(region: str, balancers: Iterable[LoadBalancer], *, is_eks: bool) -> set[PriceKey]:
    """The prices that the functions below look at."""
    keys = {prices.load_balancer(region, balancer.kind) for balancer in balancers}
    keys.add(prices.public_ipv4(region))
    if is_eks:
        keys |= {prices.control_plane(region, extended_support=either) for either in (True, False)}
    return keys


def add_load_balancers(
    sheet: CostSheet,
    balancers: Iterable[tuple[LoadBalancer, int]],
    policy: CostPolicy,
    book: Prices,
) -> None:
    """Charge each load balancer's hours to its Service. Its capacity units are not seen here."""
    for balancer, seconds in balancers:
        row = book.get(prices.load_balancer(policy.region, balancer.kind))
        name = f"{balancer.namespace}/{balancer.service}"
        if row is None:
            sheet.unpriced[name] = f"no price for a {balancer.kind} load balancer"
            continue
        key = RowKey(balancer.namespace, balancer.service, UNALLOCATED)
        amount = row.usd.times(Fraction(seconds, SECONDS_PER_HOUR))
        sheet.add(key, Category.LOAD_BALANCERS, amount)


def add_control_plane(
    sheet: CostSheet,
    version: str | None,
    seconds: int,
    policy: CostPolicy,
    book: Prices,
    at: datetime,
) -> None:
    """The EKS cluster's own hour, at the price of its version's support on that day."""
    extended = policy.extended_support
    if extended is None:
        support = support_of(version, at)
        if support is None:
            reason = (
                f"Kubernetes {version or 'of an unknown version'}: set `support` for the cluster"
            )
            sheet.unpriced[CONTROL_PLANE] = reason
            return
        extended = support is Support.EXTENDED
    row = book.get(prices.control_plane(policy.region, extended_support=extended))
    if row is None:
        sheet.unpriced[CONTROL_PLANE] = "no price for the EKS control plane"
        return
    amount = row.usd.times(Fraction(seconds, SECONDS_PER_HOUR))
    sheet.add(RowKey(CONTROL_PLANE), Category.CONTROL_PLANE, amount)


def add_public_addresses(
    sheet: CostSheet, nodes: Iterable[tuple[Node, int]], policy: CostPolicy, book: Prices
) -> None:
    """One public IPv4 address an hour for each node that has one."""
    seconds = sum(seconds for node, seconds in nodes if node.has_public_ip)
    if not seconds:
        return
    row = book.get(prices.public_ipv4(policy.region))
    if row is None:
        sheet.unpriced[NETWORK] = "no price for public IPv4 addresses"
        return
    amount = row.usd.times(Fraction(seconds, SECONDS_PER_HOUR))
    sheet.add(RowKey(NETWORK), Category.NETWORK, amount)


def note_unlisted(sheet: CostSheet, not_served: Iterable[str]) -> None:
    """What the cluster did not let us list may cost something: that is not nothing."""
    for name in not_served:
        if billed := _BILLED_LISTS.get(name):
            sheet.unpriced[name] = f"the list was not served: what {billed} cost is unknown"


def add_reservations(
    sheet: CostSheet,
    reservations: Iterable[CapacityReservation],
    seconds: int,
    policy: CostPolicy,
    book: Prices,
) -> None:
    """Charge what was reserved and lay unused: it costs as much as if it ran.

    EC2 tells only what is unused at this moment, which stands for the window. A Capacity
    Block was paid in advance; its hour has a price only where a person gave one.
    """
    for reservation in reservations:
        row = book.get(prices.on_demand(policy.region, reservation.instance_type))
        if row is None or (reservation.is_capacity_block and not is_manual(row)):
            sheet.unpriced[reservation.id] = f"no price for reserved {reservation.instance_type}"
            continue
        amount = row.usd.times(Fraction(reservation.unused * seconds, SECONDS_PER_HOUR))
        if amount:
            key = RowKey(RESERVED, reservation.instance_type, zone=reservation.zone)
            sheet.add(key, Category.RESERVATION, amount)
