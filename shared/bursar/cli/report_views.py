"""The cost report as JSON, for programs, and on a terminal of 80 columns, for people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bursar.adapters.alert_texts import body
from bursar.domain.alerts import OutboxRow, Severity, age
from bursar.domain.cluster.hours import Category
from bursar.domain.cluster.unowned import UNALLOCATED
from bursar.domain.cost_report import (
    BudgetLine,
    ClusterMonth,
    CostReport,
    DayTotal,
    NamedCost,
    Part,
    Parts,
    Ranking,
    Standing,
    apportion,
    settle,
)
from bursar.domain.figures import Projection
from bursar.domain.money import Money
from bursar.web import wording

_STYLES = {Severity.CRITICAL: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold"}
_STANDING_STYLES = {
    Standing.EXCEEDED: "bold red",
    Standing.WARNED: "yellow",
    Standing.AT_RISK: "yellow",
    Standing.UNKNOWN: "dim",
    Standing.WITHIN: "green",
}


def print_summary(report: CostReport, console: Console) -> None:
    """Everything that needs attention in full, and the largest amounts; nothing is cut off."""
    console.print(Text(wording.cost_sentence(report), "bold"))
    console.print(Text(wording.outlook_sentence(report)))
    if unknown := wording.unknown_sentence(report):
        console.print(Text(unknown, "yellow"))
    console.print(Text(wording.source_line(report), "dim"))
    _print_alerts(report.alerts, console)
    console.print()
    console.print(_month(report))
    console.print(Text(wording.component_sentence(report), "dim"))
    for what, ranking in (("namespace", report.namespaces), ("model", report.models)):
        console.print()
        console.print(_ranking(what, ranking, wording.charged(report)))
    console.print(Text(_coverage(report.models), "dim"))
    if report.budgets:
        console.print()
        console.print(_budgets(report.budgets))
    late = [each for each in report.sources if each.late]
    for each in late:
        heard = f"last good {wording.stamp(each.good_at)} ({age(each.good_at, report.now)})"
        console.print(_text(f"Source {each.source} is silent: {heard}. {each.detail}", "red"))
    for cluster in report.clusters:
        for item in cluster.unpriced:
            console.print(
                _text(f"Unpriced in {cluster.cluster}: {item.name}: {item.reason}", "yellow")
            )


def _print_alerts(rows: tuple[OutboxRow, ...], console: Console) -> None:
    for row in rows:
        alert = row.alert
        told = f"told {wording.stamp(row.sent_at)}" if row.sent_at else "not sent yet"
        console.print()
        console.print(Text(f"{alert.severity.upper()} ({told})", _STYLES[alert.severity]))
        console.print(_text(body(alert).rstrip("\n")))


def _text(text: str, style: str = "") -> Text:
    """Names come from clusters: one with an escape sequence must not drive the terminal."""
    return Text("".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text), style)


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for i, heading in enumerate(headings):
        if i:
            table.add_column(heading, justify="right", no_wrap=True)
        else:
            table.add_column(heading, overflow="fold", min_width=16)
    return table


def _month(report: CostReport) -> Table:
    """One line a cluster: any number of them fits into 80 columns."""
    statement = settle([(each.cluster, each.parts) for each in report.clusters])
    rates = apportion([each.projected or Money.zero() for each in report.clusters])
    headings = ("allocated", "idle", "other", "measured", "run rate")
    table = _table(f"{wording.month_name(report)} by cluster, USD", "cluster", *headings)
    for i, each in enumerate(report.clusters):
        if each.is_blind:
            table.add_row(Text(each.cluster), *["unknown"] * len(headings))
            continue
        total = statement.cluster_totals[i]
        allocated, idle = (statement.cells[part][i] for part in (Part.ALLOCATED, Part.IDLE))
        amounts = (allocated, idle, total - allocated - idle, total)
        table.add_row(Text(each.cluster), *map(_plain, amounts), _known(each.projected, rates[i]))
    table.add_section()
    allocated, idle = statement.of(Part.ALLOCATED), statement.of(Part.IDLE)
    amounts = (allocated, idle, statement.total - allocated - idle, statement.total)
    shown = ["unknown"] * len(amounts) if report.is_blind else [_plain(each) for each in amounts]
    table.add_row("all", *shown, _known(report.projected), style="bold")
    table.add_row("idle share", "", wording.percent(report.parts.idle_share, 1), "", "", "")
    return table


def _ranking(what: str, ranking: Ranking, whole: Decimal | None) -> Table:
    table = _table(f"By {what}, USD", what, "of it GPU", "total", "share")
    cents = apportion([line.total for line in ranking.lines], whole)
    gpus = apportion([line.gpu for line in ranking.lines])
    for line, gpu, total in zip(ranking.lines, gpus, cents, strict=True):
        label = _text(wording.name_of(line.name))
        if line.cluster:
            label.append(f" ({line.cluster})", "dim")
        table.add_row(
            label,
            _plain(gpu),
            _plain(total),
            wording.percent(line.total.over(ranking.total), 1),
        )
    table.add_section()
    sums = (_plain(sum(gpus, Decimal(0))), _plain(sum(cents, Decimal(0))), "")
    table.add_row("all charged to namespaces", *sums, style="bold")
    return table


def _coverage(models: Ranking) -> str:
    share = wording.percent(models.unallocated_share, 1)
    return f"Unallocated: {share} of this cost carries no model label."


def _budgets(lines: tuple[BudgetLine, ...]) -> Table:
    table = _table("Budgets, USD", "budget", "spent", "limit", "", "projected")
    table.add_column("state", overflow="fold", min_width=12)
    for line in lines:
        table.add_row(
            Text(line.id),
            _known(line.spent),
            _known(line.limit),
            wording.percent(line.share) if line.share is not None else "",
            _known(line.projected),
            Text(wording.STANDING_NAMES[line.standing], _STANDING_STYLES[line.standing]),
        )
    return table


def _plain(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def _known(amount: Money | None, cents: Decimal | None = None) -> str:
    """`cents`: the amount's, where they add up with others."""
    return "unknown" if amount is None else _plain(amount.cents() if cents is None else cents)


def summary_json(report: CostReport) -> dict[str, Any]:
    """Amounts are strings of USD at full resolution; null is unknown, never zero."""
    return {
        "organisation": report.organisation,
        "generated_at": _iso(report.now),
        "month": {"starts_at": _iso(report.starts_at), "ends_at": _iso(report.ends_at)},
        "currency": "USD",
        "as_of": _iso(report.as_of),
        "quality": report.quality,
        "month_to_date_usd": None if report.is_blind else report.total.plain(),
        "parts_usd": None if report.is_blind else _parts(report.parts),
        "by_category_usd": _amounts(report.by_category),
        "idle_by_category_usd": _amounts(report.idle_by_category),
        "idle_share_of_compute": _ratio(report.parts.idle, report.parts.compute),
        "shared_share_of_compute": _ratio(report.parts.shared, report.parts.compute),
        "unallocated_share": _ratio(_nameless(report.models).total, report.models.total),
        "unallocated_gpu_share": _ratio(_nameless(report.models).gpu, report.models.gpu),
        "run_rate_usd": _usd(report.projected),
        "forecast": _foreseen(report.foreseen),
        "limit_usd": report.limit.limit.plain() if report.limit else None,
        "known_seconds": report.known_seconds,
        "unknown_seconds": report.unknown_seconds,
        "unknown_estimated_usd": report.carried.amount.plain() if report.carried.seconds else None,
        "clusters": [_cluster(each) for each in report.clusters],
        "namespaces": [_named(line) for line in report.namespaces.lines],
        "models": [_named(line) for line in report.models.lines],
        "days": [_day(day) for day in report.days],
        "budgets": [_budget(line) for line in report.budgets],
        "alerts": [
            row.alert.model_dump(mode="json")
            | {"sent_at": _iso(row.sent_at), "text": body(row.alert)}
            for row in report.alerts
        ],
        "sources": [each.model_dump(mode="json") for each in report.sources],
        "price_changes": [each.model_dump(mode="json") for each in report.price_changes],
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


def _usd(amount: Money | None) -> str | None:
    return None if amount is None else amount.plain()


def _foreseen(projection: Projection | None) -> dict[str, str | None] | None:
    if projection is None:
        return None
    return {
        "usd": projection.amount.plain(),
        "low80_usd": _usd(projection.low80),
        "high80_usd": _usd(projection.high80),
        "source": projection.source,
    }


def _ratio(part: Money, whole: Money) -> float | None:
    share = part.over(whole)
    return None if share is None else round(float(share), 6)


def _nameless(ranking: Ranking) -> NamedCost:
    return ranking.unallocated or NamedCost(name=UNALLOCATED)


def _parts(parts: Parts) -> dict[str, str]:
    return {part.value: parts[part].plain() for part in Part}


def _amounts(amounts: Mapping[Category, Money]) -> dict[str, str]:
    return {category.value: amount.plain() for category, amount in amounts.items()}


def _cluster(each: ClusterMonth) -> dict[str, Any]:
    return {
        "cluster": each.cluster,
        "as_of": _iso(each.as_of),
        "quality": each.quality,
        "basis": each.basis,
        "month_to_date_usd": None if each.is_blind else each.parts.total.plain(),
        "parts_usd": None if each.is_blind else _parts(each.parts),
        "by_category_usd": _amounts(each.by_category),
        "run_rate_usd": _usd(each.projected),
        "known_seconds": each.known_seconds,
        "unknown_seconds": each.unknown_seconds,
        "unknown_estimated_usd": each.carried.amount.plain() if each.carried.seconds else None,
        "unpriced": [{"name": item.name, "reason": item.reason} for item in each.unpriced],
    }


def _named(line: NamedCost) -> dict[str, Any]:
    return {
        "name": line.name,
        "cluster": line.cluster,
        "total_usd": line.total.plain(),
        "gpu_usd": line.gpu.plain(),
        "cpu_usd": line.cpu.plain(),
        "memory_usd": line.memory.plain(),
        "storage_usd": line.storage.plain(),
        "other_usd": line.other.plain(),
    }


def _day(day: DayTotal) -> dict[str, Any]:
    return {
        "day": day.day.isoformat(),
        "state": day.state,
        "total_usd": day.parts.total.plain() if day.parts else None,
        "parts_usd": _parts(day.parts) if day.parts else None,
        "unknown_seconds": day.unknown_seconds,
        "gaps": list(day.gaps),
    }


def _budget(line: BudgetLine) -> dict[str, Any]:
    renamed = {"limit", "spent", "projected", "low80", "high80", "elapsed", "thresholds"}
    return line.model_dump(mode="json", exclude=renamed) | {
        "limit_usd": line.limit.plain(),
        "spent_usd": _usd(line.spent),
        "projected_usd": _usd(line.projected),
        "low80_usd": _usd(line.low80),
        "high80_usd": _usd(line.high80),
        "share": None if line.share is None else round(float(line.share), 6),
        "elapsed": round(float(line.elapsed), 6),
        "thresholds": [
            each.model_dump(mode="json", exclude={"amount"}) | {"amount_usd": each.amount.plain()}
            for each in line.thresholds
        ],
    }
