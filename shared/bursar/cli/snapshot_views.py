"""A priced cluster as JSON, for programs, and as tables, for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bursar.domain.cluster.hours import Category, Unpriced
from bursar.domain.cluster.node_prices import NodePrice
from bursar.domain.cluster.rates import ClusterRate, WorkloadRate
from bursar.domain.cluster.records import Node
from bursar.domain.cluster.unowned import UNALLOCATED
from bursar.domain.cost_report import apportion
from bursar.domain.money import Money

_SHOWN = 25
_NAMED = 3
_PLACES = 4  # of a dollar an hour
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
    console = Console(highlight=False)
    hour, month = _hourly(rate.total), rate.total.times(_PROJECTED_HOURS)
    console.print(Text(f"{name}: ${hour} an hour, about {month} a month", "bold"))
    console.print(
        f"{len(rate.nodes)} nodes, {sum(each.pods for each in rate.workloads)} pods of workloads;"
        f" a month here is {_PROJECTED_HOURS} h; node prices split by [b]{rate.basis}[/b];"
        f" figures are {rate.quality}"
    )
    console.print(_parts(rate))
    if rate.workloads:
        console.print(_workloads(rate))
    if rate.unpriced:
        console.print(_unpriced(rate.unpriced))


def _parts(rate: ClusterRate) -> Table:
    table = _table("USD per hour")
    table.add_column("part")
    table.add_column("USD/h", justify="right")
    sums = rate.by_category
    shared_storage = rate.shared_storage
    storage = sums.get(Category.STORAGE, Money.zero()) - shared_storage
    parts = (
        ("compute, allocated", rate.compute - rate.idle - rate.shared),
        ("compute, idle", rate.idle),
        ("compute, shared namespaces", rate.shared),
        ("storage", storage),
        *([("storage, shared namespaces", shared_storage)] if shared_storage else ()),
        *((str(c).replace("_", " "), sums.get(c, Money.zero())) for c in _BESIDE),
    )
    shown = apportion([amount for _, amount in parts], places=_PLACES)
    for (label, _), amount in zip(parts, shown, strict=True):
        table.add_row(label, _rate(amount))
    table.add_section()
    table.add_row("total", _hourly(rate.total))
    return table


_COMPONENTS = {
    Category.GPU: "GPU",
    Category.CPU: "CPU",
    Category.MEMORY: "memory",
    Category.STORAGE: "storage",
}
_BESIDE = (Category.CONTROL_PLANE, Category.LOAD_BALANCERS, Category.NETWORK)


def _workloads(rate: ClusterRate) -> Table:
    """Names are folded and never cut; a component that costs nothing anywhere has no column."""
    parts = [each for each in _COMPONENTS if any(each in w.amounts for w in rate.workloads)]
    table = _table("Workloads")
    for heading in ("namespace", "workload", "model"):
        table.add_column(heading, overflow="fold")
    for heading in ("pods", *(_COMPONENTS[part] for part in parts), "USD/h"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in rate.workloads[:_SHOWN]:
        model = "" if each.model == UNALLOCATED else each.model
        names = (Text(each.namespace), Text(each.workload), Text(model))
        amounts = [each.amounts.get(part, Money.zero()) for part in parts]
        shown = map(_rate, apportion(amounts, places=_PLACES))
        table.add_row(*names, str(each.pods), *shown, _hourly(each.total))
    if rest := rate.workloads[_SHOWN:]:
        pods, total = sum(each.pods for each in rest), Money.sum(each.total for each in rest)
        table.add_row(f"{len(rest)} more", "", "", str(pods), *[""] * len(parts), _hourly(total))
    return table


def _unpriced(items: Sequence[Unpriced]) -> Table:
    """What is missing from the figures, by reason: a reason may hold for 5,000 nodes."""
    by_reason: dict[str, list[str]] = {}
    for item in items:
        by_reason.setdefault(item.reason, []).append(item.name)
    table = _table("Not in the figures")
    table.add_column("unpriced", overflow="fold")
    table.add_column("why", overflow="fold")
    for reason, names in list(by_reason.items())[:_SHOWN]:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        table.add_row(Text(", ".join(names[:_NAMED]) + more), Text(reason))
    if len(by_reason) > _SHOWN:
        table.add_row("", f"and {len(by_reason) - _SHOWN} reasons more: see --json")
    return table


def _table(title: str) -> Table:
    return Table(
        title=f"\n{title}",
        title_justify="left",
        box=SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
    )


def _hourly(amount: Money) -> str:
    return _rate(amount.rounded(_PLACES))


def _rate(usd: Decimal) -> str:
    return f"{usd:,.{_PLACES}f}"
