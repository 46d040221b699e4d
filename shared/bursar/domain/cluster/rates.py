"""What a cluster costs per hour at this instant: the figures of `bursar snapshot`.

Pods come as a stream and are summed as they pass: a cluster of 150,000 is never held whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bursar.domain.cluster.bases import Basis
from bursar.domain.cluster.cluster_items import (
    add_control_plane,
    add_load_balancers,
    add_public_addresses,
    note_unlisted,
)
from bursar.domain.cluster.costs import (
    SECONDS_PER_HOUR,
    CostPolicy,
    CostSheet,
    NodeUse,
    price_nodes,
    settle_shared,
)
from bursar.domain.cluster.hours import COMPUTE, Category, RowKey, Unpriced, sum_rows
from bursar.domain.cluster.node_prices import NodePrice, Prices
from bursar.domain.cluster.records import Inventory, Node, Pod
from bursar.domain.cluster.storage import Described
from bursar.domain.cluster.storage_costs import add_storage
from bursar.domain.cluster.unowned import IDLE, SHARED, UNALLOCATED
from bursar.domain.cluster.volumes import Claim, ClaimOwner, StoragePricing, note_claims
from bursar.domain.money import Money
from bursar.domain.quality import Quality

Workload = tuple[str, str, str]  # namespace, workload, model


@dataclass(frozen=True, slots=True)
class WorkloadRate:
    """One workload's share of the cluster, in USD per hour."""

    namespace: str
    workload: str
    model: str
    pods: int
    amounts: Mapping[Category, Money]

    @property
    def total(self) -> Money:
        return Money.sum(self.amounts.get(each, Money.zero()) for each in ALLOCATED)


ALLOCATED = (*COMPUTE, Category.STORAGE)


@dataclass(frozen=True, slots=True)
class ClusterRate:
    """Allocated compute + idle + shared = the nodes; with the rest it is the whole."""

    at: datetime
    basis: Basis
    quality: Quality
    by_category: Mapping[Category, Money]
    nodes: tuple[tuple[Node, NodePrice], ...]
    workloads: tuple[WorkloadRate, ...]
    idle: Money
    shared: Money
    shared_storage: Money
    unpriced: tuple[Unpriced, ...]

    @property
    def compute(self) -> Money:
        return Money.sum(self.by_category.get(each, Money.zero()) for each in COMPUTE)

    @property
    def total(self) -> Money:
        return Money.sum(self.by_category.values())


def rate_now(
    inventory: Inventory,
    pods: Iterable[Pod],
    described: Described,
    book: Prices,
    policy: CostPolicy,
    at: datetime,
) -> ClusterRate:
    """Price one instant; `pods` is read once. Finished and pending pods cost nothing now."""
    sheet = CostSheet()
    uses = {node.name: NodeUse.of(node, SECONDS_PER_HOUR) for node in inventory.nodes}
    counts: dict[Workload, int] = {}
    owners: dict[Claim, ClaimOwner] = {}
    for pod in pods:
        if pod.node is None or pod.finished_at is not None:
            continue
        if pod.claims:
            note_claims(owners, pod)
        if (use := uses.get(pod.node)) is None:
            name = f"{pod.namespace}/{pod.workload}"
            sheet.unpriced[name] = f"runs on node {pod.node}, which was not listed"
            continue
        cpu = max(pod.cpu_milli, pod.cpu_used_milli or 0)
        memory = max(pod.memory_bytes, pod.memory_used_bytes or 0)
        use.add(pod, SECONDS_PER_HOUR, cpu, memory)
        workload = (pod.namespace, pod.workload, pod.model)
        counts[workload] = counts.get(workload, 0) + 1
    paid = price_nodes(sheet, uses.values(), policy, book)
    settle_shared(sheet, policy)
    hour = SECONDS_PER_HOUR
    volumes = [(volume, hour) for volume in inventory.volumes]
    add_storage(sheet, volumes, StoragePricing(described, owners, policy, book, at))
    balancers = ((balancer, hour) for balancer in inventory.load_balancers)
    add_load_balancers(sheet, balancers, policy, book)
    add_public_addresses(sheet, ((node, hour) for node in inventory.nodes), policy, book)
    note_unlisted(sheet, inventory.not_served)
    if inventory.is_eks:
        add_control_plane(sheet, inventory.kubernetes_version, hour, policy, book, at)
    rows = sheet.rows()
    return ClusterRate(
        at=at,
        basis=policy.basis,
        quality=sheet.quality,
        by_category=_by_category(rows),
        nodes=tuple((node, paid[node.name]) for node in inventory.nodes),
        workloads=_workloads(rows, counts, policy.shared_namespaces),
        idle=Money.from_units(sum(sheet.compute.idle)),
        shared=Money.from_units(sum(sheet.shared)),
        shared_storage=Money.sum(
            row[Category.STORAGE]
            for key, row in rows.items()
            if key.namespace in policy.shared_namespaces and Category.STORAGE in row
        ),
        unpriced=sheet.unpriced_items(),
    )


def _by_category(rows: Mapping[RowKey, Mapping[Category, Money]]) -> dict[Category, Money]:
    everything = RowKey("")
    return dict(sum_rows({everything: row} for row in rows.values()).get(everything, {}))


def _workloads(
    rows: Mapping[RowKey, Mapping[Category, Money]],
    counts: Mapping[Workload, int],
    shared: frozenset[str],
) -> tuple[WorkloadRate, ...]:
    """Dearest first. A workload whose node is unpriced is there with nothing, not left out."""
    hidden = shared | {IDLE, SHARED}
    narrowed = (
        {RowKey(key.namespace, key.workload, key.model): row}
        for key, row in rows.items()
        if key.namespace not in hidden and any(each in row for each in ALLOCATED)
    )
    sums = sum_rows(narrowed)
    for namespace, workload, model in counts:
        if namespace not in hidden:
            sums.setdefault(RowKey(namespace, workload, model), {})
    rates = [
        WorkloadRate(
            key.namespace,
            key.workload,
            key.model or UNALLOCATED,
            counts.get((key.namespace, key.workload, key.model), 0),
            amounts,
        )
        for key, amounts in sums.items()
    ]
    return tuple(sorted(rates, key=lambda r: (-r.total.amount, r.namespace, r.workload, r.model)))
