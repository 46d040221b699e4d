"""Reports of the ledger as JSON and CSV, for programs, and as tables, for people."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from rich.console import Console
from rich.table import Table

from bursar.adapters.csv_cells import safe_cell
from bursar.cli.cost_tables import cost_table
from bursar.cli.exits import NOTHING_STATED, warn
from bursar.cli.shown_text import shown_text
from bursar.domain.cost_report import apportion
from bursar.domain.ledger.gaps import NO_GAPS, Gaps
from bursar.domain.ledger.lines import Line
from bursar.domain.ledger.months import hours_in, in_words
from bursar.domain.ledger.reports import By, Report
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.quality import Quality

NAMELESS, UNPRICED = "(none)", "unpriced"
_UNPRICED_SHOWN = 20
_SHOWN = (By.TENANT, By.MODEL, By.FEATURE, By.CATEGORY, By.DAY)
_COUNTS = (
    "requests",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "unpriced_tokens",
    "unpriced_requests",
    "charged_before_tokens",
)
CHARGED_BEFORE = (
    "of self-hosted models came after their month was closed: their pods' cost was charged there."
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
        **ends(report.window),
        "currency": "USD",
        "quality": report.quality,
        "as_of": as_of_text(report.as_of),
        "missing": list(report.missing),
        **gaps_json(report.gaps),
        "total_usd": None if blind else plain(report.total.known_usd),
        **counts(report.total),
        "idle_usd": None if blind else report.idle.plain(),
        "idle_beside_usd": None if blind else report.idle_beside.plain(),
        "idle_share": share_text(report.idle_share),
        "usd_per_million_tokens": on_both_bases(report.per_million),
        "breakdowns": {
            by.value: [
                {"name": name, "usd": plain(line.known_usd), **counts(line)} for name, line in rows
            ]
            for by, rows in report.breakdowns.items()
        },
        "unpriced": unpriced_json(report.unpriced),
        "booked_later": booked_later_json(report.booked_later),
    }


def report_rows(report: Report) -> Iterable[Sequence[str | int]]:
    """A header, the total, and every line of every breakdown: each breakdown sums to the total."""
    yield ["breakdown", "name", "usd", *_COUNTS]
    yield ["total", safe_cell(report.name), *_numbers(report.total)]
    for by, rows in report.breakdowns.items():
        for name, line in rows:
            yield [by.value, safe_cell(name), *_numbers(line)]


def unpriced_json(models: Iterable[tuple[str, Line]]) -> list[dict[str, Any]]:
    return [
        {
            "model": model,
            "requests": line.unpriced_requests,
            "input_tokens": line.unpriced.input,
            "output_tokens": line.unpriced.output,
        }
        for model, line in models
    ]


def print_unpriced(models: Sequence[tuple[str, Line]], console: Console) -> None:
    for model, line in models[:_UNPRICED_SHOWN]:
        told = (
            f"{model or NAMELESS}: no price is known for {line.unpriced.input:,} input and"
            f" {line.unpriced.output:,} output tokens of {line.unpriced_requests:,} requests:"
            " their cost is missing."
        )
        console.print(shown_text(told))
    if len(models) > _UNPRICED_SHOWN:
        console.print(f"and {len(models) - _UNPRICED_SHOWN} more models: ask --json")


def booked_later_json(later: Mapping[str, Line]) -> list[dict[str, Any]]:
    """Parts of the total, by the closed month that each corrects; in no rate."""
    return [
        {"corrects": month, "usd": plain(line.known_usd), **counts(line)}
        for month, line in later.items()
    ]


def booked_later_notes(later: Mapping[str, Line]) -> list[str]:
    notes = []
    for month, line in later.items():
        usd = UNPRICED if line.known_usd is None else line.usd
        notes.append(
            f"Booked later, of {month}: {usd}, {line.requests:,} requests and"
            f" {line.used.total:,} tokens. They are in the total, and in no rate."
        )
    return notes


def on_both_bases(rate: Callable[..., Money | None]) -> dict[str, str | None]:
    return {
        "usage_basis": plain(rate(with_idle=False)),
        "with_idle": plain(rate(with_idle=True)),
    }


def print_report(report: Report, console: Console | None = None) -> None:
    console = console or Console(highlight=False)
    known = report.total.known_usd
    total = "unknown" if report.is_blind else UNPRICED if known is None else str(known)
    console.print(shown_text(f"{report.by} {report.name}, {span(report.window)}: {total}", "bold"))
    print_quality(report.quality, report.as_of, report.missing, console, report.gaps)
    if report.is_blind:
        return
    console.print(_served(report))
    print_unpriced(report.unpriced, console)
    if late := report.total.charged_before.total:
        console.print(f"{late:,} tokens {CHARGED_BEFORE}")
    for note in booked_later_notes(report.booked_later):
        console.print(note)
    if report.idle or report.idle_beside:
        console.print(
            f"Idle compute: {report.idle} in the total, {report.idle_beside} beside it"
            f" (its share of what lay idle around its models)."
        )
    for by in _SHOWN:
        if rows := report.breakdowns.get(by):
            rows = sorted(rows) if by is By.DAY else rows
            console.print(_breakdown(by, rows, is_known=known is not None))


def _served(report: Report) -> str:
    requests, tokens = f"{report.own.requests:,} requests", report.own.tokens
    if report.serving.tokens.total <= 0:
        return f"{requests}; no tokens with a price, and so no cost of a million."
    return (
        f"{requests}; {tokens.input:,} input and {tokens.output:,} output"
        f" tokens with a price. For a million of these, serving cost"
        f" {shown_rate(report.per_million(with_idle=False))} USD (usage basis),"
        f" {shown_rate(report.per_million(with_idle=True))} with idle."
    )


def _breakdown(by: By, rows: Sequence[tuple[str, Line]], *, is_known: bool) -> Table:
    """In cents that sum to the total in cents, if any of it is known."""
    table = cost_table(f"By {by}", by.value, "USD", "requests", "tokens")
    cents = apportion([line.usd for _, line in rows])
    for (name, line), usd in zip(rows, cents, strict=True):
        tokens = line.tokens.total + line.unpriced.total
        shown = UNPRICED if line.known_usd is None else f"{usd:,.2f}"
        table.add_row(shown_text(name or NAMELESS), shown, f"{line.requests:,}", f"{tokens:,}")
    table.add_section()
    table.add_row("total", f"{sum(cents):,.2f}" if is_known else UNPRICED, style="bold")
    return table


def print_quality(
    quality: Quality,
    as_of: int,
    missing: Sequence[str],
    console: Console,
    gaps: Gaps = NO_GAPS,
) -> None:
    at = f", as of {as_of_text(as_of)}" if as_of else ""
    console.print(f"Quality: {quality}{at}.")
    if missing:
        console.print(shown_text(f"Not wholly seen, and in no amount: {', '.join(missing)}."))
    for note in gap_notes(gaps):
        console.print(note)


def gap_notes(gaps: Gaps) -> list[str]:
    notes = []
    if gaps.unstated:
        notes.append(
            f"{hours_in(gaps.unstated)} hours were not stated, and their costs are unknown:"
            f" {in_words(gaps.unstated)}."
        )
    if gaps.not_kept:
        notes.append(
            f"{hours_in(gaps.not_kept)} hours were stated, but are kept by their days alone, and"
            f" not in these sums: {in_words(gaps.not_kept)}."
        )
    return notes


def gaps_json(gaps: Gaps) -> dict[str, Any]:
    return {
        "unstated_hours": hours_in(gaps.unstated),
        "unstated": [ends(each) for each in gaps.unstated],
        "not_kept": [ends(each) for each in gaps.not_kept],
    }


def warn_of_gaps(gaps: Gaps, *, any_stated: bool, in_text: bool) -> None:
    """Say beside figures for programs what they leave out; text for people says it itself."""
    if not any_stated and not gaps.not_kept:
        warn([NOTHING_STATED])
    elif not in_text:
        warn(gap_notes(gaps))


def counts(line: Line) -> dict[str, int]:
    return dict(zip(_COUNTS, _numbers(line)[1:], strict=True))  # type: ignore[arg-type]


def _numbers(line: Line) -> list[str | int]:
    """USD as digits, or nothing where it is unknown; then the counts, as `_COUNTS` names them."""
    tokens = line.tokens
    counted = [line.requests, tokens.input, tokens.cached_input, tokens.output]
    missing = [line.unpriced.total, line.unpriced_requests, line.charged_before.total]
    return [plain(line.known_usd) or "", *counted, *missing]


def ends(window: Window) -> dict[str, str]:
    return {"from": window.start.isoformat(), "to": window.end.isoformat()}


def span(window: Window) -> str:
    return f"{window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC"


def as_of_text(seconds: int) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds else None


def plain(amount: Money | None) -> str | None:
    return None if amount is None else amount.plain()


def shown_rate(amount: Money | None) -> str:
    """Nothing where there is no rate, which is not 0."""
    return "" if amount is None else f"{amount.amount:,.4f}"


def share_text(share: Fraction | None) -> str | None:
    return None if share is None else f"{float(share):.4f}"
