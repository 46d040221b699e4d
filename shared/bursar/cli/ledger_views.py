"""Reports of the ledger as JSON and CSV, for programs, and as tables, for people."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bursar.adapters.csv_cells import safe_cell
from bursar.cli.cost_tables import cost_table
from bursar.cli.shown_text import shown_text
from bursar.domain.attribution.self_hosted import Weights
from bursar.domain.cost_report import apportion
from bursar.domain.ledger.lines import Line, Statement, add_up
from bursar.domain.ledger.model_costs import ModelCost, ModelTable
from bursar.domain.ledger.reports import By, Report
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.quality import Quality

_NAMELESS = "(none)"
_SHOWN = (By.TENANT, By.MODEL, By.FEATURE, By.CATEGORY, By.DAY)
_COUNTS = (
    "requests",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "unpriced_tokens",
)


def print_json(told: Any) -> None:
    sys.stdout.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")


def print_csv(rows: Iterable[Sequence[str | int]]) -> None:
    """Texts are made safe for spreadsheets; numbers stay numbers."""
    csv.writer(sys.stdout, lineterminator="\n").writerows(rows)


def report_json(report: Report) -> dict[str, Any]:
    """Amounts are strings of USD at full resolution; null is unknown, never zero."""
    blind = report.is_blind
    return {
        "by": report.by,
        "name": report.name,
        **_ends(report.window),
        "currency": "USD",
        "quality": report.quality,
        "as_of": _as_of(report.as_of),
        "missing": list(report.missing),
        "total_usd": None if blind else report.total.usd.plain(),
        **_counts(report.total),
        "idle_usd": None if blind else report.idle.plain(),
        "idle_beside_usd": None if blind else report.idle_beside.plain(),
        "idle_share": _share(report.idle_share),
        "usd_per_million_tokens": _usd(report.usd_per_million),
        "breakdowns": {
            by.value: [
                {"name": name, "usd": line.usd.plain(), **_counts(line)} for name, line in rows
            ]
            for by, rows in report.breakdowns.items()
        },
    }


def report_rows(report: Report) -> Iterable[Sequence[str | int]]:
    """A header, the total, and every line of every breakdown: each breakdown sums to the total."""
    yield ["breakdown", "name", "usd", *_COUNTS]
    yield ["total", safe_cell(report.name), *_numbers(report.total)]
    for by, rows in report.breakdowns.items():
        for name, line in rows:
            yield [by.value, safe_cell(name), *_numbers(line)]


def models_json(
    table: ModelTable, window: Window, statements: Sequence[Statement], weights: Weights
) -> dict[str, Any]:
    """Each model on two bases: `used` is its pods' cost alone, the other has its idle too."""
    whole = add_up(window, statements)
    return {
        **_ends(window),
        "currency": "USD",
        "quality": whole.quality,
        "as_of": _as_of(whole.as_of),
        "missing": list(whole.missing),
        "models": [_model(each, weights) for each in table.models],
        "rest_usd": table.rest.plain() if statements else None,
        "total_usd": table.total.plain() if statements else None,
    }


def _model(each: ModelCost, weights: Weights) -> dict[str, Any]:
    return {
        "model": each.model,
        "hosting": each.hosting,
        **_counts(each.used),
        "usd": each.total.plain(),
        "used_usd": each.used.usd.plain(),
        "idle_usd": each.idle.usd.plain(),
        "utilisation": _share(each.utilisation),
        "usd_per_request": _usd(each.per_request),
        "usd_per_thousand_tokens": _usd(each.per_thousand),
        "usd_per_million": _rates(each, weights, with_idle=True),
        "usd_per_million_used": _rates(each, weights, with_idle=False),
        "compute_usd": each.compute.plain(),
        "by_category_usd": {name.value: usd.plain() for name, usd in each.by_category.items()},
        "tenants": [
            {"tenant": name, "usd": line.usd.plain(), **_counts(line)}
            for name, line in each.tenants.items()
        ],
    }


def _rates(each: ModelCost, weights: Weights, *, with_idle: bool) -> dict[str, str | None]:
    """USD per million tokens; input and output only where we divide the cost by them."""
    apart = each.per_million_of_class(weights, with_idle=with_idle) or (None, None)
    blended = each.per_million if with_idle else each.per_million_used
    return {"blended": _usd(blended), "input": _usd(apart[0]), "output": _usd(apart[1])}


def print_report(report: Report, console: Console | None = None) -> None:
    console = console or Console(highlight=False)
    total = "unknown" if report.is_blind else str(report.total.usd)
    console.print(
        shown_text(f"{report.by} {report.name}, {_span(report.window)}: {total}", "bold")
    )
    _print_quality(report.quality, report.as_of, report.missing, console)
    if report.is_blind:
        return
    tokens = report.total.tokens
    console.print(
        f"{report.total.requests:,} requests; {tokens.input:,} input and {tokens.output:,} output"
        f" tokens, at {_rate(report.usd_per_million)} USD for a million of them."
    )
    if unpriced := report.total.unpriced.total:
        console.print(f"{unpriced:,} more tokens have no price: their cost is missing.")
    if report.idle or report.idle_beside:
        console.print(
            f"Idle compute: {report.idle} in the total, {report.idle_beside} beside it"
            f" (its share of what lay idle around its models)."
        )
    for by in _SHOWN:
        if rows := report.breakdowns.get(by):
            console.print(_breakdown(by, sorted(rows) if by is By.DAY else rows))


def _breakdown(by: By, rows: Sequence[tuple[str, Line]]) -> Table:
    """In cents that sum to the total in cents."""
    table = cost_table(f"By {by}", by.value, "USD", "requests", "tokens")
    cents = apportion([line.usd for _, line in rows])
    for (name, line), usd in zip(rows, cents, strict=True):
        tokens = line.tokens.total + line.unpriced.total
        table.add_row(
            shown_text(name or _NAMELESS), f"{usd:,.2f}", f"{line.requests:,}", f"{tokens:,}"
        )
    table.add_section()
    table.add_row("total", f"{sum(cents):,.2f}", style="bold")
    return table


def print_models(
    table: ModelTable,
    window: Window,
    statements: Sequence[Statement],
    console: Console | None = None,
) -> None:
    """The one table: models, below each its tenants, then everything else and the total."""
    console = console or Console(highlight=False)
    whole = add_up(window, statements)
    total = "unknown" if whole.quality is Quality.UNKNOWN else str(table.total)
    console.print(shown_text(f"Models, {_span(window)}: {total}", "bold"))
    _print_quality(whole.quality, whole.as_of, whole.missing, console)
    if not statements:
        return
    shown = cost_table("USD per million tokens", "model", "tokens", "USD", "USD/1M", "utilised")
    rows = [each for model in table.models for each in _model_rows(model)]
    cents = apportion([usd for _, _, usd, _, _ in rows] + [table.rest])
    for (name, tokens, _, rate, utilised), usd in zip(rows, cents, strict=False):
        shown.add_row(name, tokens, f"{usd:,.2f}", rate, utilised)
    shown.add_row("everything else", "", f"{cents[-1]:,.2f}", "", "")
    shown.add_section()
    shown.add_row("total", "", f"{sum(cents):,.2f}", "", "", style="bold")
    console.print(shown)


def _model_rows(each: ModelCost) -> Iterable[tuple[Text, str, Money, str, str]]:
    """A row for each tenant and one for idle; the model's own figures stand on the first."""
    share = each.utilisation
    utilised = "" if share is None else f"{float(share):.1%}"
    for name, line in each.tenants.items():
        label = shown_text(f"{each.model} ({each.hosting}) · {name or _NAMELESS}")
        tokens = line.tokens.total + line.unpriced.total
        yield label, f"{tokens:,}", line.usd, _rate(each.per_million), utilised
        utilised = ""
    if each.idle.units:
        label = shown_text(f"{each.model} ({each.hosting}) · idle", "dim")
        yield label, "", each.idle.usd, "", utilised


def _print_quality(quality: Quality, as_of: int, missing: Sequence[str], console: Console) -> None:
    at = f", as of {_as_of(as_of)}" if as_of else ""
    console.print(f"Quality: {quality}{at}.")
    if missing:
        console.print(shown_text(f"Not wholly seen, and in no amount: {', '.join(missing)}."))


def _counts(line: Line) -> dict[str, int]:
    return dict(zip(_COUNTS, _numbers(line)[1:], strict=True))  # type: ignore[arg-type]


def _numbers(line: Line) -> list[str | int]:
    """USD as digits, then the counts, as `_COUNTS` names them."""
    tokens = line.tokens
    counts = [line.requests, tokens.input, tokens.cached_input, tokens.output]
    return [line.usd.plain(), *counts, line.unpriced.total]


def _ends(window: Window) -> dict[str, str]:
    return {"from": window.start.isoformat(), "to": window.end.isoformat()}


def _span(window: Window) -> str:
    return f"{window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC"


def _as_of(seconds: int) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds else None


def _usd(amount: Money | None) -> str | None:
    return None if amount is None else amount.plain()


def _rate(amount: Money | None) -> str:
    return "no" if amount is None else f"{amount.amount:,.4f}"


def _share(share: Fraction | None) -> str | None:
    return None if share is None else f"{float(share):.4f}"
