"""The demo's ending: its files, and what the terminal shows."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bursar.cli.chargeback_tables import write_tables
from bursar.cli.chargeback_views import to_json as chargeback_json
from bursar.cli.exceptions_views import exceptions_json, print_exceptions
from bursar.cli.model_views import models_json, print_models
from bursar.cli.reconcile import print_tables as print_reconciliation
from bursar.cli.reconcile import to_json as reconciliation_json
from bursar.cli.report_views import print_summary, summary_json
from bursar.domain.cost_report import CostReport
from bursar.domain.ledger.model_costs import model_table
from bursar.local.demo import DemoResult
from bursar.local.http_server import Pages
from bursar.web.report import render_report


def write_demo(result: DemoResult, output: Path) -> None:
    """Leave `summary.json` and `report.html`."""
    accounts = result.accounts
    summary = summary_json(result.report) | {
        "models": models_json(
            model_table(accounts.statements),
            accounts.window,
            accounts.statements,
            accounts.gaps,
        ),
        "closed_month": chargeback_json(accounts.closed) if accounts.closed else None,
        "reconciliation": reconciliation_json(accounts.reconciled),
        "exceptions": exceptions_json(result.exceptions),
        "true_cost": [each.as_json() for each in result.comparisons],
        "schedules_fired": result.schedules_fired,
        "messages_sent": result.messages_sent,
    }
    (output / "summary.json").write_text(_json(summary), encoding="utf-8")
    (output / "report.html").write_text(render_report(result.report), encoding="utf-8")


def pages(report: CostReport) -> Pages:
    """What `bursar local serve` answers."""
    return {
        "/": ("text/html; charset=utf-8", render_report(report).encode()),
        "/summary.json": ("application/json", _json(summary_json(report)).encode()),
    }


def print_demo(result: DemoResult, output: Path) -> None:
    console = Console()
    print_summary(result.report, console)
    accounts = result.accounts
    models = model_table(accounts.statements)
    print_models(models, accounts.window, accounts.statements, accounts.gaps)
    if accounts.closed:
        write_tables(accounts.closed, sys.stdout)
    print_reconciliation(accounts.reconciled)
    print_exceptions(result.exceptions, console)
    table = Table("cluster", title="The guard beside the truth", title_justify="left")
    for heading in ("hours", "true cost", "guard", "difference"):
        table.add_column(heading, justify="right")
    for each in result.comparisons:
        difference = f"{each.difference_percent}%"
        table.add_row(each.cluster, str(each.hours), str(each.true), str(each.guard), difference)
    console.print(table)
    console.print(
        f"{result.schedules_fired} schedules fired, {result.messages_sent} messages delivered."
        f"\nOpen {output / 'report.html'}; the same figures are in {output / 'summary.json'}."
    )


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
