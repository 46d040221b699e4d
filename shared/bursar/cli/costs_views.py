"""Closed costs as JSON, for programs, and as tables of 80 columns, for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bursar.cli.cost_tables import cost_table
from bursar.domain.cluster.breakdowns import BreakdownLine, breakdown
from bursar.domain.cost_report import ClusterMonth, apportion
from bursar.domain.cost_report.timeline import PeriodCosts
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, Window
from bursar.jobs.read_costs import SpanCosts

_UNPRICED_SHOWN = 10


def print_json(shown: SpanCosts) -> None:
    sys.stdout.write(json.dumps(to_json(shown), indent=2, ensure_ascii=False) + "\n")


def to_json(shown: SpanCosts) -> dict[str, Any]:
    """Amounts are strings of USD at full resolution; null is unknown, never zero.

    `from` belongs to the span, `to` does not. `run_rate_usd` is there for the current month.
    """
    report = shown.report
    return {
        **_ends(shown.span),
        "currency": "USD",
        "by": str(shown.by),
        "quality": report.quality,
        "as_of": _iso(report.as_of),
        "known_seconds": report.known_seconds,
        "unknown_seconds": report.unknown_seconds,
        "total_usd": _usd(shown.total),
        "run_rate_usd": _usd(shown.run_rate),
        "clusters": [_cluster(each, shown) for each in report.clusters],
        "lines": [_line(line) for line in shown.lines],
        "periods": [_period(period, shown) for period in shown.periods],
    }


def _cluster(each: ClusterMonth, shown: SpanCosts) -> dict[str, Any]:
    return {
        "cluster": each.cluster,
        "quality": each.quality,
        "as_of": _iso(each.as_of),
        "basis": each.basis,
        "known_seconds": each.known_seconds,
        "unknown_seconds": each.unknown_seconds,
        "total_usd": None if each.is_blind else each.parts.total.plain(),
        "run_rate_usd": _usd(each.projected) if shown.is_this_month else None,
        "unpriced": [{"name": item.name, "reason": item.reason} for item in each.unpriced],
    }


def _line(line: BreakdownLine) -> dict[str, Any]:
    return {
        "name": line.name,
        "cluster": line.cluster,
        "total_usd": line.total.plain(),
        "by_category_usd": {c.value: amount.plain() for c, amount in line.amounts.items()},
    }


def _period(period: PeriodCosts, shown: SpanCosts) -> dict[str, Any]:
    return {
        **_ends(period.window),
        "quality": period.quality,
        "known_seconds": period.known_seconds,
        "unknown_seconds": period.unknown_seconds,
        "total_usd": _usd(period.total),
        "lines": [_line(line) for line in breakdown(period.parts, shown.by)],
    }


def _ends(window: Window) -> dict[str, str | None]:
    return {"from": _iso(window.start), "to": _iso(window.end)}


def _iso(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


def _usd(amount: Money | None) -> str | None:
    return None if amount is None else amount.plain()


def print_tables(shown: SpanCosts, console: Console | None = None) -> None:
    """The total and how well it is known, then each cluster, the lines, and the periods."""
    console = console or Console(highlight=False)
    report = shown.report
    first, last = shown.span.start.date(), (shown.span.end - HOUR).date()
    so_far = " so far" if shown.span.end > report.now else ""
    console.print(Text(f"{first} to {last}, UTC: {_dollars(shown.total)}{so_far}", "bold"))
    as_of = f", as of {report.as_of:%Y-%m-%d %H:%M} UTC" if report.as_of else ""
    console.print(f"Quality: {report.quality}{as_of}.")
    console.print(
        f"Cluster hours known: {_hours(report.known_seconds)};"
        f" unknown, and in no amount: {_hours(report.unknown_seconds)}."
    )
    if shown.is_this_month:
        console.print(Text(_outlook(shown)))
    console.print(_clusters(report.clusters))
    if shown.lines:
        console.print(_lines(shown))
    if shown.periods:
        console.print(_periods(shown.periods))
    _print_unpriced(report.clusters, console)


def _outlook(shown: SpanCosts) -> str:
    hours = int(shown.span.length / HOUR)
    if shown.run_rate is None:
        return "No run rate: of some cluster, less than 5% of the month is known."
    return f"At this run rate the month's {hours} hours come to {_dollars(shown.run_rate)}."


def _clusters(clusters: Sequence[ClusterMonth]) -> Table:
    table = cost_table("Clusters", "cluster", "USD", "known h", "unknown h")
    table.add_column("quality")
    table.add_column("node prices split by", overflow="fold")
    cents = apportion([each.parts.total for each in clusters])
    for each, total in zip(clusters, cents, strict=True):
        table.add_row(
            Text(each.cluster),
            "unknown" if each.is_blind else f"{total:,.2f}",
            _hours(each.known_seconds),
            _hours(each.unknown_seconds),
            each.quality,
            each.basis or "",
        )
    return table


def _lines(shown: SpanCosts) -> Table:
    """In cents that sum to the total in cents."""
    table = cost_table(f"By {shown.by}", str(shown.by), "USD", "share")
    several = len(shown.report.clusters) > 1
    cents = apportion([line.total for line in shown.lines])
    for line, shown_cents in zip(shown.lines, cents, strict=True):
        name = Text(line.name, "dim" if line.is_nobodys else "")
        if several and line.cluster:
            name.append(f" ({line.cluster})", "dim")
        share = line.total.over(shown.report.total)
        table.add_row(name, f"{shown_cents:,.2f}", f"{float(share):.1%}" if share else "")
    table.add_section()
    table.add_row("total", f"{sum(cents):,.2f}", "", style="bold")
    return table


def _periods(periods: Sequence[PeriodCosts]) -> Table:
    table = cost_table("Period by period, UTC", "from", "USD", "known h", "unknown h")
    table.add_column("quality")
    cents = apportion([period.total or Money.zero() for period in periods])
    for period, total in zip(periods, cents, strict=True):
        table.add_row(
            f"{period.window.start:%Y-%m-%d %H:%M}",
            "unknown" if period.total is None else f"{total:,.2f}",
            _hours(period.known_seconds),
            _hours(period.unknown_seconds),
            period.quality,
        )
    return table


def _print_unpriced(clusters: Sequence[ClusterMonth], console: Console) -> None:
    items = [(each.cluster, item) for each in clusters for item in each.unpriced]
    if not items:
        return
    console.print(Text("\nNot in the figures, at some time of this span", "italic"))
    for cluster, item in items[:_UNPRICED_SHOWN]:
        console.print(Text(f"{cluster}: {item.name}: {item.reason}"))
    if len(items) > _UNPRICED_SHOWN:
        console.print(f"and {len(items) - _UNPRICED_SHOWN} more: see --json")


def _dollars(amount: Money | None) -> str:
    return "unknown" if amount is None else str(amount)


def _hours(seconds: int) -> str:
    return f"{seconds / 3600:,.1f}".removesuffix(".0")
