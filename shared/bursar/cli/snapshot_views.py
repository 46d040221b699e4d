"""A priced cluster as JSON, for programs, and as tables, for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bursar.domain.cluster.hours import Category
from bursar.domain.cluster.node_prices import NodePrice
from bursar.domain.cluster.rates import ClusterRate, WorkloadRate
from bursar.domain.cluster.records import Node
from bursar.domain.money import Money

_SHOWN_WORKLOADS = 25
_PROJECTED_HOURS = 730  # an average month, in a projection only


def print_json(name: str, rate: ClusterRate) -> None:
    sys.stdout.write(json.dumps(to_json(name, rate), indent=2, ensure_ascii=False) + "\n")


def to_json(name: str, rate: ClusterRate) -> dict[str, Any]:
    """Amounts are strings of USD per hour. Allocations leave out idle and shared."""
    sums = rate.by_category
    return {
        "cluster": name,
        "at": rate.at.isoformat(timespec="seconds"),
        "quality": rate.quality,
        "basis": rate.basis,
        "usd_per_hour": {
            "total": rate.total.plain(),
            "compute": rate.compute.plain(),
            "storage": _of(sums, Category.STORAGE),
            "control_plane": _of(sums, Category.CONTROL_PLANE),
            "load_balancers": _of(sums, Category.LOAD_BALANCERS),
            "network": _of(sums, Category.NETWORK),
        },
        "nodes": [_node(node, price) for node, price in rate.nodes],
        "allocations": [_allocation(each) for each in rate.workloads],
        "idle_usd_per_hour": rate.idle.plain(),
        "shared_usd_per_hour": rate.shared.plain(),
        "shared_storage_usd_per_hour": rate.shared_storage.plain(),
        "unpriced": [{"name": item.name, "reason": item.reason} for item in rate.unpriced],
    }


def _of(amounts: Mapping[Category, Money], category: Category) -> str:
    return amounts.get(category, Money.zero()).plain()


def _node(node: Node, price: NodePrice) -> dict[str, Any]:
    return {
        "name": node.name,
        "instance_type": node.instance_type,
        "zone": node.zone,
        "capacity_type": node.capacity_type,
        "usd_per_hour": price.usd_per_hour.plain() if price.usd_per_hour is not None else None,
        "price_source": price.source,
    }


def _allocation(each: WorkloadRate) -> dict[str, Any]:
    return {
        "namespace": each.namespace,
        "workload": each.workload,
        "model": each.model,
        "pods": each.pods,
        "usd_per_hour": each.total.plain(),
        "gpu_usd_per_hour": _of(each.amounts, Category.GPU),
        "cpu_usd_per_hour": _of(each.amounts, Category.CPU),
        "memory_usd_per_hour": _of(each.amounts, Category.MEMORY),
        "storage_usd_per_hour": _of(each.amounts, Category.STORAGE),
    }


def print_table(name: str, rate: ClusterRate) -> None:
    console = Console()
    month = rate.total.times(_PROJECTED_HOURS)
    console.print(Text(f"{name}: {_hourly(rate.total)} an hour, about {month} a month", "bold"))
    console.print(
        f"{len(rate.nodes)} nodes, {sum(each.pods for each in rate.workloads)} pods;"
        f" a month here is {_PROJECTED_HOURS} h; node prices split by [b]{rate.basis}[/b];"
        f" figures are {rate.quality}"
    )
    console.print(_parts(rate))
    console.print(_workloads(rate))
    if rate.unpriced:
        table = Table("unpriced", "why", title="Not in the figures", title_justify="left")
        for item in rate.unpriced:
            table.add_row(Text(item.name), Text(item.reason))
        console.print(table)


def _parts(rate: ClusterRate) -> Table:
    table = Table("part", title="USD per hour", title_justify="left")
    table.add_column("USD/h", justify="right")
    allocated = rate.compute - rate.idle - rate.shared
    for label, amount in (
        ("compute, allocated", allocated),
        ("compute, idle", rate.idle),
        ("compute, shared namespaces", rate.shared),
        *((str(c).replace("_", " "), rate.by_category.get(c, Money.zero())) for c in _BESIDE),
    ):
        table.add_row(label, _hourly(amount))
    table.add_section()
    table.add_row("total", _hourly(rate.total))
    return table


_BESIDE = (
    Category.STORAGE,
    Category.CONTROL_PLANE,
    Category.LOAD_BALANCERS,
    Category.NETWORK,
)


def _workloads(rate: ClusterRate) -> Table:
    table = Table("namespace", "workload", "model", title="Workloads", title_justify="left")
    for heading in ("pods", "GPU", "CPU", "memory", "storage", "USD/h"):
        table.add_column(heading, justify="right")
    for each in rate.workloads[:_SHOWN_WORKLOADS]:
        shown = (Category.GPU, Category.CPU, Category.MEMORY, Category.STORAGE)
        parts = [_hourly(each.amounts.get(part, Money.zero())) for part in shown]
        names = (Text(each.namespace), Text(each.workload), Text(each.model))
        table.add_row(*names, str(each.pods), *parts, _hourly(each.total))
    if (more := len(rate.workloads) - _SHOWN_WORKLOADS) > 0:
        rest = Money.sum(each.total for each in rate.workloads[_SHOWN_WORKLOADS:])
        pods = sum(each.pods for each in rate.workloads[_SHOWN_WORKLOADS:])
        table.add_row(f"{more} more", "", "", str(pods), "", "", "", "", _hourly(rest))
    return table


def _hourly(amount: Money) -> str:
    return f"{amount.amount:,.4f}"
