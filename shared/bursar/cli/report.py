"""`bursar report`: what a tenant, team, model or feature cost, as the ledger states it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from cyclopts import App, Parameter

from bursar.adapters.dynamodb.statements import DynamoStatementStore
from bursar.cli import clock
from bursar.cli.deployed import UNANSWERED, deployed_table, leave_unanswered
from bursar.cli.exits import Exit, leave
from bursar.cli.ledger_views import (
    print_csv,
    print_json,
    print_report,
    report_json,
    report_rows,
    warn_of_gaps,
)
from bursar.cli.model_views import models_json, print_models
from bursar.cli.windows import WindowError, read_window
from bursar.domain.ledger.gaps import Gaps
from bursar.domain.ledger.lines import Statement
from bursar.domain.ledger.model_costs import model_table
from bursar.domain.ledger.reports import By, pivot
from bursar.domain.ledger.reports import report as make_report
from bursar.domain.periods import Window
from bursar.jobs.read_statements import find_gaps, read_statements

Help = Parameter
_NAMES_SHOWN = 10

app = App(name="report", help="What a tenant, team, model or feature cost, from the ledger.")


@Parameter(name="*")
@dataclass(frozen=True)
class Asked:
    """What every report is asked with."""

    from_: Annotated[
        str | None, Help(name="--from", help="a UTC day or full hour; default: this month")
    ] = None
    to: Annotated[str | None, Help(name="--to", help="the first that is not in it")] = None
    stack: Annotated[str, Help(name="--stack", help="the deployed stack")] = "Bursar"
    region: Annotated[str | None, Help(name="--region", help="where it is deployed")] = None
    table: Annotated[str | None, Help(name="--table", help="the table, instead of --stack")] = None
    json: Annotated[
        bool, Help(name="--json", negative="", help="print JSON; amounts are strings")
    ] = False


Csv = Annotated[bool, Help(negative="", help="print CSV: one row a line of each breakdown")]
_NOTHING_MORE = Asked()


@app.command
def tenant(name: str, *, asked: Asked = _NOTHING_MORE, csv: Csv = False) -> None:
    """Show what one tenant cost: by model, feature, day and category, with its share of idle."""
    _show(By.TENANT, name, asked, csv=csv)


@app.command
def team(name: str, *, asked: Asked = _NOTHING_MORE, csv: Csv = False) -> None:
    """Show what one team cost: its tenants' usage, and what rules gave to it."""
    _show(By.TEAM, name, asked, csv=csv)


@app.command
def model(name: str, *, asked: Asked = _NOTHING_MORE, csv: Csv = False) -> None:
    """Show what one model cost, by tenant; of a self-hosted one its idle compute is a part."""
    _show(By.MODEL, name, asked, csv=csv)


@app.command
def feature(name: str, *, asked: Asked = _NOTHING_MORE, csv: Csv = False) -> None:
    """Show what one feature cost, by tenant and model."""
    _show(By.FEATURE, name, asked, csv=csv)


@app.command
def models(*, asked: Asked = _NOTHING_MORE) -> None:
    """Show self-hosted models beside those of APIs: tokens, USD per million, utilisation.

    Rates are on the usage basis and with idle. With everything else, the table sums to the
    ledger's total.
    """
    window, statements, gaps = _read(asked)
    table = model_table(statements)
    if asked.json:
        print_json(models_json(table, window, statements, gaps))
    else:
        print_models(table, window, statements, gaps)


def _show(by: By, name: str, asked: Asked, *, csv: bool) -> None:
    if csv and asked.json:
        leave(Exit.WRONG_INPUT, ["give --json or --csv, not both"])
    window, statements, gaps = _read(asked, csv=csv)
    names = sorted({found for (found,) in pivot(statements, (by,)) if found})
    if statements and name not in names:
        told = f"the ledger knows {', '.join(names[:_NAMES_SHOWN]) or 'none'}"
        more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
        leave(Exit.WRONG_INPUT, [f"no {by} {name!r} in that window: {told}{more}"])
    made = make_report(statements, by, name, window, gaps)
    if csv:
        print_csv(report_rows(made))
    elif asked.json:
        print_json(report_json(made))
    else:
        print_report(made)


def _read(asked: Asked, *, csv: bool = False) -> tuple[Window, Sequence[Statement], Gaps]:
    now = clock.now()
    try:
        window = read_window(asked.from_, asked.to, now)
    except WindowError as error:
        leave(Exit.WRONG_INPUT, [str(error)])
    try:
        kept = deployed_table(asked.table, asked.stack, asked.region)
        store = DynamoStatementStore(kept)
        statements = read_statements(window, store)
        gaps = find_gaps(window, now, statements, store)
    except UNANSWERED as error:
        leave_unanswered(error, asked.stack)
    warn_of_gaps(gaps, any_stated=bool(statements), in_text=not (asked.json or csv))
    return window, statements, gaps
