"""The sentences and labels of the report, said alike on the page and in the terminal."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from bursar.domain.cluster.bases import Basis
from bursar.domain.cluster.hours import Category
from bursar.domain.cluster.unowned import UNALLOCATED
from bursar.domain.cost_report import ClusterMonth, CostReport, Part, Standing, settle
from bursar.domain.money import Money
from bursar.domain.quality import Quality

PART_NAMES = {
    Part.ALLOCATED: "Compute, allocated",
    Part.IDLE: "Compute, idle",
    Part.SHARED: "Compute, shared",
    Part.STORAGE: "Storage",
    Part.CONTROL_PLANE: "Control plane",
    Part.LOAD_BALANCERS: "Load balancers",
    Part.NETWORK: "Network",
    Part.RESERVATION: "Unused reservations",
}
NAMESPACED = (Part.ALLOCATED, Part.STORAGE, Part.LOAD_BALANCERS)
APART = {
    Part.IDLE: "idle",
    Part.SHARED: "shared",
    Part.CONTROL_PLANE: "control plane",
    Part.NETWORK: "network",
    Part.RESERVATION: "unused reservations",
}
COMPONENT_NAMES = {Category.GPU: "GPU", Category.CPU: "CPU", Category.MEMORY: "memory"}
STANDING_NAMES = {
    Standing.EXCEEDED: "exceeded",
    Standing.WARNED: "threshold passed",
    Standing.AT_RISK: "on course to exceed",
    Standing.UNKNOWN: "unknown",
    Standing.WITHIN: "within",
}
BASIS_NAMES = {
    Basis.RESIDUAL: "residual (CPU and memory at OpenCost's default prices, the rest to the GPU)",
    Basis.AWS_SPLIT: "AWS split cost allocation weights (9 GPU : 0.9 vCPU : 0.1 GiB)",
    Basis.OPENCOST: "OpenCost default ratios",
}


def month_name(report: CostReport) -> str:
    return f"{report.starts_at:%B %Y}"


def zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def dollars(amount: Decimal) -> str:
    sign = "-" if amount < 0 else ""
    return f"{sign}${abs(amount):,.2f}"


def percent(share: Fraction | None, places: int = 0) -> str:
    if share is None:
        return "unknown"
    return f"{Decimal(share.numerator) / Decimal(share.denominator) * 100:.{places}f}%"


def stamp(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "never"


def hours(seconds: int) -> str:
    """`63 h`; a part of an hour to one decimal, and never rounded down to nothing."""
    whole, rest = divmod(seconds, 3600)
    if not rest:
        return f"{whole:,} h"
    return f"{max(seconds / 3600, 0.1):,.1f} h"


def name_of(name: str) -> str:
    return "Unallocated" if name == UNALLOCATED else name


def cost_sentence(report: CostReport) -> str:
    """`November 2026 has cost $67,461.05 so far.`"""
    if report.is_blind:
        return f"What {month_name(report)} has cost is unknown."
    so_far = " so far" if report.now < report.ends_at else ""
    least = "at least " if report.unknown_seconds else ""
    return f"{month_name(report)} has cost {least}{dollars(settle_total(report))}{so_far}."


def settle_total(report: CostReport) -> Decimal:
    return settle([(each.cluster, each.parts) for each in report.clusters]).total


def outlook_sentence(report: CostReport) -> str:
    """What it will come to, against what budget."""
    projected = report.foreseen.amount if report.foreseen else report.projected
    if projected is None:
        early = [each.cluster for each in report.clusters if each.projected is None]
        return (
            "What it will come to is unknown: less than 5% of the month was seen in "
            f"{', '.join(early) or 'any cluster'}. {_budget_sentence(report)}"
        )
    until = _until(report)
    if report.limit is None:
        return f"{until} {projected}. {_budget_sentence(report)}"
    limit = report.limit.limit
    over = projected - limit
    share = percent(projected.over(limit))
    which = "budget" if len(report.limit.budgets) == 1 else "budgets"
    if over.cents() > 0:
        return f"{until} {projected}: {over} over the {which} of {limit} ({share})."
    return f"{until} {projected}, within the {which} of {limit} ({share})."


def _until(report: CostReport) -> str:
    if report.now >= report.ends_at:
        return "It came to"
    if report.foreseen is None:
        return "At this run rate it will come to"
    said = ", ".join(filter(None, (report.foreseen.source, report.foreseen.interval)))
    return f"It is foreseen ({said}) to come to"


def _budget_sentence(report: CostReport) -> str:
    if report.limit:
        return f"The budgets allow {report.limit.limit}."
    if report.budgets:
        return "No monthly budget covers every whole cluster; see the budgets below."
    return "No budget is set."


def unknown_sentence(report: CostReport) -> str:
    """What of the month was not seen, and what is made of it; empty when all was."""
    if not report.unknown_seconds:
        return ""
    due = sum(each.due_seconds for each in report.clusters)
    text = (
        f"{hours(report.unknown_seconds)} of {hours(due)} (over all clusters) were not seen."
        " Their cost is unknown and is not in the amounts."
    )
    if report.carried.seconds:
        text += (
            f" At the last known rates it is about {report.carried.amount} (estimated);"
            " the run rate includes that."
        )
    if report.carried.uncovered_seconds:
        uncovered = hours(report.carried.uncovered_seconds)
        text += f" For {uncovered} no earlier rate is known, so there is no estimate."
    return text


def source_line(report: CostReport) -> str:
    """What stands beside every metered figure."""
    return f"Metered from cluster hours · as of {stamp(report.as_of)} · {report.quality}"


def basis_sentence(report: CostReport) -> str:
    """How the price of a machine is divided: once, when all clusters do it alike."""
    named = {
        each.cluster: BASIS_NAMES[each.basis] if each.basis else "unknown"
        for each in report.clusters
    }
    if len(set(named.values())) == 1:
        return f"{next(iter(named.values()))}."
    return " ".join(f"{cluster}: {name}." for cluster, name in named.items())


def component_sentence(report: CostReport) -> str:
    """How much of the compute was GPU, and by which convention."""
    sums = report.by_category
    parts = [(sums[c], name) for c, name in COMPONENT_NAMES.items() if c in sums]
    if not parts:
        return ""
    split = ", ".join(f"{amount} {name}" for amount, name in parts)
    return f"The compute is {split}; split by {basis_sentence(report)}"


def charged(report: CostReport) -> Decimal | None:
    """The statement's cents of what namespaces are charged.

    None where those parts hold more than the namespaces do, so that no sum would be true.
    """
    parts = report.parts
    if report.namespaces.total != Money.sum(parts[part] for part in NAMESPACED):
        return None
    statement = settle([(each.cluster, each.parts) for each in report.clusters])
    return sum((statement.of(part) for part in NAMESPACED), Decimal(0))


def addition(report: CostReport) -> str:
    """`$57,231.56 charged to namespaces + $9,406.83 idle + ... = $67,461.05`."""
    statement = settle([(each.cluster, each.parts) for each in report.clusters])
    whole = charged(report)
    if whole is None or report.is_blind:
        return ""
    pieces = [f"{dollars(whole)} charged to namespaces"]
    pieces += [
        f"{dollars(statement.of(part))} {APART[part]}"
        for part in statement.shown
        if part not in NAMESPACED
    ]
    return f"{' + '.join(pieces)} = {dollars(statement.total)}"


def cluster_quality(each: ClusterMonth) -> str:
    """`estimated: 24 h unknown, 1 thing unpriced`."""
    reasons = []
    if each.unknown_seconds:
        reasons.append(f"{hours(each.unknown_seconds)} unknown")
    if each.unpriced:
        things = "thing" if len(each.unpriced) == 1 else "things"
        reasons.append(f"{len(each.unpriced)} {things} unpriced")
    if each.quality is Quality.FINAL or not reasons:
        return str(each.quality)
    return f"{each.quality}: {', '.join(reasons)}"
