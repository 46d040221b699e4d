"""A month's chargeback as tables for people, and as JSON and CSV for programs."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table

from bursar.adapters.csv_cells import safe_cell
from bursar.adapters.focus_files import write_focus_csv, write_focus_json
from bursar.cli.ledger_views import CHARGED_BEFORE, as_of_text, ends, gap_notes
from bursar.cli.shown_text import shown_text
from bursar.domain.chargeback import Account, Chargeback
from bursar.domain.focus import BillingAccount, FocusRow, focus_row
from bursar.domain.focus.ledger_charges import ledger_charges
from bursar.domain.ledger.gaps import Gaps
from bursar.domain.ledger.lines import Line, Statement
from bursar.domain.money import Money

COLUMNS = (
    *("month", "status", "team", "tenant", "line", "category", "corrects"),
    *("usd", "requests", "input_tokens", "output_tokens"),
    *("unpriced_tokens", "charged_before_tokens"),
)
_NO_COUNTS = ("",) * (len(COLUMNS) - COLUMNS.index("requests"))
_NO_TEAM = "no team"


def write_tables(shown: Chargeback, file: TextIO) -> None:
    """A statement for each team, and one of the whole; amounts in cents."""
    console = Console(file=file)
    status = f"closed {shown.closed_at:%Y-%m-%d %H:%M} UTC" if shown.closed_at else "open"
    console.print(shown_text(f"Chargeback {shown.month}, {status}, {shown.quality}"))
    for note in notes(shown):
        console.print(shown_text(note))
    for team, accounts in shown.by_team().items():
        console.print(_team_table(team or _NO_TEAM, accounts))
    console.print(_team_table("all", shown.accounts, tenants=False))
    if shown.booked_later:
        table = Table("Booked later, in", box=SIMPLE_HEAD)
        table.add_column("USD", justify="right")
        for month, balances in sorted(shown.booked_later.items()):
            table.add_row(month, str(Money.from_units(sum(balances.values()))))
        console.print(table)


def notes(shown: Chargeback) -> list[str]:
    """What is not known, in no amount."""
    told = gap_notes(Gaps(shown.unstated))
    if shown.statement.missing:
        told.append(f"Some time is unknown of {', '.join(shown.statement.missing)}.")
    lines = shown.statement.lines.values()
    if unpriced := sum(line.unpriced.total for line in lines):
        told.append(f"{unpriced:,} tokens have no price: their cost is missing.")
    if late := sum(line.charged_before.total for line in lines):
        told.append(f"{late:,} tokens {CHARGED_BEFORE}")
    return told


def write_json(shown: Chargeback, file: TextIO) -> None:
    file.write(json.dumps(to_json(shown), indent=2, ensure_ascii=False) + "\n")


def to_json(shown: Chargeback) -> dict[str, Any]:
    """Amounts are strings of USD at full resolution."""
    return {
        "month": shown.month,
        "status": "closed" if shown.closed_at else "open",
        "closed_at": shown.closed_at.isoformat() if shown.closed_at else None,
        "currency": "USD",
        "quality": shown.quality,
        "as_of": as_of_text(shown.statement.as_of),
        "unstated_hours": shown.unstated_hours,
        "unstated": [ends(each) for each in shown.unstated],
        "missing": list(shown.statement.missing),
        **_sums(shown),
        "total_usd": shown.statement.total.plain(),
        "teams": [
            {
                "team": team,
                **_sums(_Sums(accounts)),
                "accounts": [_account(account) for account in accounts],
            }
            for team, accounts in shown.by_team().items()
        ],
        "booked_later": [
            {
                "month": month,
                "tenant": owner.tenant,
                "team": owner.team,
                "usd": Money.from_units(units).plain(),
            }
            for month, balances in sorted(shown.booked_later.items())
            for owner, units in sorted(balances.items())
        ],
    }


def write_csv(shown: Chargeback, file: TextIO) -> None:
    """One row for each opening, category, correction and closing of an account.

    The rows `charge` and `adjustment` sum to the month's total. Texts are safe to open in a
    spreadsheet, numbers are numbers with all their digits. Open `file` with `newline=""`.
    """
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    status = "closed" if shown.closed_at else "open"
    for account in (each for accounts in shown.by_team().values() for each in accounts):
        who = [shown.month, status, safe_cell(account.owner.team), safe_cell(account.owner.tenant)]
        for row in _rows(account):
            writer.writerow([*who, *row])


def write_focus(
    shown: Chargeback,
    days: Sequence[Statement],
    account: BillingAccount,
    file: TextIO,
    *,
    as_csv: bool,
) -> None:
    (write_focus_csv if as_csv else write_focus_json)(focus_rows(shown, days, account), file)


def focus_rows(
    shown: Chargeback, days: Sequence[Statement], account: BillingAccount
) -> Iterator[FocusRow]:
    """A row for each day and line of the month; they are billed as the month's statement."""
    for day in days:
        for charge in ledger_charges(day, shown.month):
            yield focus_row(charge, account, invoice_id=f"bursar-{shown.month}")


def _rows(account: Account) -> Iterator[list[str | int]]:
    yield ["opening", "", "", account.opening.plain(), *_NO_COUNTS]
    for category, line in sorted(account.charges.items()):
        yield ["charge", str(category), "", *_numbers(line)]
    for month, line in sorted(account.adjustments.items()):
        yield ["adjustment", "", month, *_numbers(line)]
    yield ["closing", "", "", account.closing.plain(), *_NO_COUNTS]


def _numbers(line: Line) -> list[str | int]:
    return [
        *(line.usd.plain(), line.requests, line.tokens.input, line.tokens.output),
        *(line.unpriced.total, line.charged_before.total),
    ]


class _Sums:
    """The sums of some accounts."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        self.opening = Money.sum(each.opening for each in accounts)
        self.charged = Money.sum(each.charged for each in accounts)
        self.adjusted = Money.sum(each.adjusted for each in accounts)
        self.closing = Money.sum(each.closing for each in accounts)


def _sums(of: Account | Chargeback | _Sums) -> dict[str, str]:
    return {
        "opening_usd": of.opening.plain(),
        "charges_usd": of.charged.plain(),
        "adjustments_usd": of.adjusted.plain(),
        "closing_usd": of.closing.plain(),
    }


def _account(account: Account) -> dict[str, Any]:
    return {
        "tenant": account.owner.tenant,
        "team": account.owner.team,
        **_sums(account),
        "charges": [
            {"category": str(category), **_line(line)}
            for category, line in sorted(account.charges.items())
        ],
        "adjustments": [
            {"corrects": month, **_line(line)}
            for month, line in sorted(account.adjustments.items())
        ],
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "usd": line.usd.plain(),
        "requests": line.requests,
        "input_tokens": line.tokens.input,
        "output_tokens": line.tokens.output,
        "unpriced_tokens": line.unpriced.total,
        "charged_before_tokens": line.charged_before.total,
    }


def _team_table(team: str, accounts: Sequence[Account], *, tenants: bool = True) -> Table:
    sums = _Sums(accounts)
    table = Table(Column(shown_text(team)), box=SIMPLE_HEAD)
    table.add_column("USD", justify="right")
    table.add_row("opening", str(sums.opening))
    for category, usd in _by_category(accounts).items():
        table.add_row(f"  {category}", str(usd))
    for month, usd in _by_correction(accounts).items():
        table.add_row(f"  corrects {month}", str(usd))
    table.add_row("closing", str(sums.closing), end_section=True)
    for account in accounts if tenants else ():
        own = account.charged + account.adjusted
        table.add_row(
            shown_text(f"  of the month: {account.owner.tenant or '(the team)'}"), str(own)
        )
    return table


def _by_category(accounts: Sequence[Account]) -> dict[str, Money]:
    return _added((str(name), line) for each in accounts for name, line in each.charges.items())


def _by_correction(accounts: Sequence[Account]) -> dict[str, Money]:
    return _added((month, line) for each in accounts for month, line in each.adjustments.items())


def _added(named: Iterator[tuple[str, Line]]) -> dict[str, Money]:
    sums: dict[str, Money] = {}
    for name, line in named:
        sums[name] = sums.get(name, Money.zero()) + line.usd
    return dict(sorted(sums.items()))
