"""A dry run of attribution as JSON, for programs, and as tables, for people."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from bursar.cli.cost_tables import cost_table
from bursar.cli.ledger_views import ends
from bursar.cli.shown_text import shown_text
from bursar.domain.attribution.dry_run import Change, DryRun
from bursar.domain.cost_report import apportion
from bursar.domain.ledger.months import in_words
from bursar.domain.periods import Window
from bursar.web.wording import dollars

_NAMELESS = "(none)"


def dry_run_json(found: DryRun, window: Window) -> dict[str, Any]:
    coverage = found.label_coverage
    return {
        "from": window.start.isoformat(),
        "to": window.end.isoformat(),
        "currency": "USD",
        "total_before_usd": found.total_before.plain(),
        "total_after_usd": found.total_after.plain(),
        "residual_before_usd": found.residual.before.plain(),
        "residual_after_usd": found.residual.after.plain(),
        "unstated": [ends(each) for each in found.unstated],
        "not_kept": [ends(each) for each in found.forgotten],
        "label_coverage": None if coverage is None else f"{float(coverage):.4f}",
        "rules": [
            {
                "rule": each.name,
                "moved_usd": each.moved.plain(),
                "uncovered_usd": each.uncovered.plain(),
                "to": [
                    {"owner": str(owner), "usd": usd.plain()} for owner, usd in each.to.items()
                ],
            }
            for each in found.rules
        ],
        "teams": [_change("team", each) for each in found.teams],
        "tenants": [_change("tenant", each) for each in found.tenants],
    }


def left_out(found: DryRun) -> list[str]:
    told = []
    if found.unstated:
        told.append(f"Not stated, and left out: {in_words(found.unstated)}.")
    if found.forgotten:
        told.append(
            "What clusters cost is kept for 70 days and not known any more, left out:"
            f" {in_words(found.forgotten)}."
        )
    return told


def _change(dimension: str, change: Change) -> dict[str, str]:
    return {
        dimension: change.name,
        "before_usd": change.before.plain(),
        "after_usd": change.after.plain(),
    }


def print_dry_run(found: DryRun, window: Window, console: Console | None = None) -> None:
    console = console or Console(highlight=False)
    span = f"{window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC"
    console.print(shown_text(f"Dry run, {span}; nothing is written", "bold"))
    console.print(f"Total: {found.total_before} as stated, {found.total_after} by these rules.")
    console.print(f"Nobody's: {found.residual.before} as stated, {found.residual.after} by these.")
    for note in left_out(found):
        console.print(shown_text(note))
    if found.label_coverage is not None:
        console.print(f"Of the pods' cost {float(found.label_coverage):.1%} has an owner label.")
    rules = cost_table("What each rule gives", "rule", "USD", "to", "not covered")
    for each in found.rules:
        rules.add_row(
            shown_text(each.name), str(each.moved), str(len(each.to)), str(each.uncovered)
        )
    console.print(rules)
    for dimension, changes in (("team", found.teams), ("tenant", found.tenants)):
        table = cost_table(f"By {dimension}", dimension, "as stated", "by these rules")
        before = apportion([change.before for change in changes])
        after = apportion([change.after for change in changes])
        for change, *cents in zip(changes, before, after, strict=True):
            table.add_row(shown_text(change.name or _NAMELESS), *map(dollars, cents))
        console.print(table)
