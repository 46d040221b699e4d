"""What a cluster's seconds cost: its nodes, split among the pods that used them.

One calculation serves a closed hour and an instant, whose rate per hour is the cost of
3,600 seconds. Amounts are whole 10^-12 USD until the end, so the parts sum to the whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from bursar.domain import prices
from bursar.domain.cluster.accelerators import AcceleratorShares, accelerator_shares
from bursar.domain.cluster.allocation import (
    Allocation,
    Parts,
    Spread,
    allocate_node,
    spread_shared,
)
from bursar.domain.cluster.bases import Basis
from bursar.domain.cluster.components import split_node_price
from bursar.domain.cluster.hours import COMPUTE, Category, RowKey, Unpriced
from bursar.domain.cluster.node_prices import FARGATE_MEASURES, NodePrice, Prices, price_node
from bursar.domain.cluster.records import CapacityType, Node, Pod
from bursar.domain.cluster.unowned import IDLE, SHARED
from bursar.domain.money import Money
from bursar.domain.quality import Quality

SECONDS_PER_HOUR = 3600
_GIB = 2**30
_CPU, _MEMORY = 1, 2  # places in Parts


@dataclass(frozen=True, slots=True)
class CostPolicy:
    """What the reader of the figures chose; shown beside them."""

    region: str
    basis: Basis = Basis.RESIDUAL
    shared_namespaces: frozenset[str] = frozenset({"kube-system"})
    spread: Spread = "none"
    extended_support: bool | None = None  # None: by Kubernetes version and date


@dataclass(slots=True)
class NodeUse:
    """One node, its seconds, and resource x seconds by whose pods they were."""

    node: Node
    seconds: int
    shares: AcceleratorShares
    uses: dict[RowKey, Parts] = field(default_factory=dict)

    @classmethod
    def of(cls, node: Node, seconds: int) -> NodeUse:
        return cls(node, seconds, accelerator_shares(node.accelerators, node.gpu_count))

    def add(self, pod: Pod, seconds: int, cpu_milli: int, memory_bytes: int) -> None:
        key = row_key(pod, self.node)
        parts = self.uses.get(key)
        if parts is None:
            parts = self.uses[key] = [0, 0, 0]
        if pod.accelerators:
            parts[0] += self.shares.weight_of(pod.accelerators) * seconds
        parts[1] += cpu_milli * seconds
        parts[2] += memory_bytes * seconds

    @property
    def capacity(self) -> Parts:
        node, seconds = self.node, self.seconds
        return [self.shares.whole * seconds, node.cpu_milli * seconds, node.memory_bytes * seconds]


@dataclass(slots=True)
class CostSheet:
    """The sums while a cluster is being priced, in 10^-12 USD."""

    compute: Allocation[RowKey] = field(default_factory=Allocation)
    idle: dict[str, Parts] = field(default_factory=dict)  # by node group: whose nodes lay idle
    shared: Parts = field(default_factory=lambda: [0, 0, 0])
    other: dict[RowKey, dict[Category, int]] = field(default_factory=dict)
    unpriced: dict[str, str] = field(default_factory=dict)
    is_estimate: bool = False  # some amount is a bound, not what is billed

    @property
    def quality(self) -> Quality:
        return Quality.ESTIMATED if self.unpriced or self.is_estimate else Quality.FINAL

    def add(self, key: RowKey, category: Category, amount: Money) -> None:
        row = self.other.setdefault(key, {})
        row[category] = row.get(category, 0) + amount.units

    def add_idle(self, node_group: str, parts: Parts) -> None:
        sums = self.idle.setdefault(node_group, [0, 0, 0])
        for component, units in enumerate(parts):
            sums[component] += units

    def rows(self) -> dict[RowKey, dict[Category, Money]]:
        """Every amount that is not zero, by whose it is."""
        rows: dict[RowKey, dict[Category, Money]] = {}
        idle = {RowKey(IDLE, node_group=group): parts for group, parts in self.idle.items()}
        for key, parts in (self.compute.shares | idle | {RowKey(SHARED): self.shared}).items():
            row = {c: Money.from_units(u) for c, u in zip(COMPUTE, parts, strict=True) if u}
            if row:
                rows[key] = row
        for key, amounts in self.other.items():
            if some := {c: Money.from_units(units) for c, units in amounts.items() if units}:
                rows.setdefault(key, {}).update(some)
        return rows

    def unpriced_items(self) -> tuple[Unpriced, ...]:
        return tuple(Unpriced(name, reason) for name, reason in sorted(self.unpriced.items()))


def row_key(pod: Pod, node: Node) -> RowKey:
    return RowKey(
        namespace=pod.namespace,
        workload=pod.workload,
        model=pod.model,
        node_group=node.node_group or "",
        zone=node.zone or "",
        labels=tuple(sorted(pod.labels.items())) if pod.labels else (),
    )


def price_nodes(
    sheet: CostSheet, nodes: Iterable[NodeUse], policy: CostPolicy, book: Prices
) -> dict[str, NodePrice]:
    """Price every node and divide it among its pods; unpriced ones are listed on the sheet.

    Returns the price of each node by name (None for Fargate, which its pods pay for).
    """
    paid: dict[str, NodePrice] = {}
    for use in nodes:
        node = use.node
        if node.capacity_type is CapacityType.FARGATE:
            paid[node.name] = _price_fargate(sheet, use, policy, book)
            continue
        price = paid[node.name] = price_node(node, policy.region, book)
        if price.usd_per_hour is None:
            sheet.unpriced[node.name] = price.reason or "unpriced"
            continue
        hours = Fraction(use.seconds, SECONDS_PER_HOUR)
        parts = split_node_price(
            price.usd_per_hour.times(hours),
            policy.basis,
            devices=use.shares.devices,
            cpu_milli=node.cpu_milli,
            memory_bytes=node.memory_bytes,
            usd_per_hour=price.on_demand or price.usd_per_hour,
        )
        idle = allocate_node(sheet.compute, parts, use.capacity, use.uses)
        sheet.add_idle(node.node_group or "", idle)
    return paid


def settle_shared(sheet: CostSheet, policy: CostPolicy) -> None:
    """Spread the shared namespaces' compute by the policy; what is not spread stays shared."""
    sheet.shared = spread_shared(
        sheet.compute, _namespace, policy.shared_namespaces, policy.spread
    )


def _namespace(key: RowKey) -> str:
    return key.namespace


def _price_fargate(sheet: CostSheet, use: NodeUse, policy: CostPolicy, book: Prices) -> NodePrice:
    """Fargate bills what was provisioned for the pod; there is no idle node behind it."""
    keys = [prices.fargate(policy.region, m, arm=use.node.arm) for m in FARGATE_MEASURES]
    rows = [book.get(key) for key in keys]
    if None in rows:
        reason = f"no Fargate price in {policy.region}"
        sheet.unpriced[use.node.name] = reason
        return NodePrice(None, reason=reason)
    per_vcpu, per_gib = (row.usd for row in rows if row)
    total = 0
    for key, (_, cpu, memory) in use.uses.items():
        cpu_units = per_vcpu.times(Fraction(cpu, 1000 * SECONDS_PER_HOUR)).units
        memory_units = per_gib.times(Fraction(memory, _GIB * SECONDS_PER_HOUR)).units
        sheet.compute.add(key, _CPU, cpu_units)
        sheet.compute.add(key, _MEMORY, memory_units)
        total += cpu_units + memory_units
    hours = Fraction(use.seconds, SECONDS_PER_HOUR)
    source = rows[0].source if rows[0] else None
    return NodePrice(Money.from_units(total).times(1 / hours) if use.seconds else None, source)
