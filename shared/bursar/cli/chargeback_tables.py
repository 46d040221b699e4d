"""A month's chargeback as tables for people, in cents that add up in every direction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table

from bursar.cli.ledger_views import CHARGED_BEFORE, UNPRICED, gap_notes
from bursar.cli.shown_text import shown_text
from bursar.domain.chargeback import Account, Chargeback
from bursar.domain.cost_report import apportion
from bursar.domain.ledger.gaps import Gaps
from bursar.domain.ledger.lines import Line
from bursar.domain.money import Money
from bursar.web.wording import dollars

_NO_TEAM, _UNKNOWN, _ROUNDING = "no team", "unknown", "rounding"


@dataclass(frozen=True, slots=True)
class _Cents:
    """What is printed of a statement: `opening`, `rows` and `rounding` sum to `closing`.

    An account closes with the cents that its next month opens with. `rounding` is what that
    makes of the month's own cents: never more than two, and none where all open at nothing.
    """

    opening: Decimal
    rows: Mapping[str, Decimal]
    closing: Decimal

    @property
    def of_month(self) -> Decimal:
        return sum(self.rows.values(), Decimal(0))

    @property
    def rounding(self) -> Decimal:
        return self.closing - self.opening - self.of_month


def write_tables(shown: Chargeback, file: TextIO) -> None:
    """A statement for each team, and their sum, each rounded to cents by largest remainder."""
    console = Console(file=file)
    status = f"closed {shown.closed_at:%Y-%m-%d %H:%M} UTC" if shown.closed_at else "open"
    console.print(shown_text(f"Chargeback {shown.month}, {status}, {shown.quality}"))
    for note in notes(shown):
        console.print(shown_text(note))
    teams = shown.by_team()
    settled = _settle(list(teams.values()))
    for (team, accounts), cents in zip(teams.items(), settled, strict=True):
        table = _statement(team or _NO_TEAM, accounts, cents, shown)
        _add_tenants(table, accounts, cents, shown)
        console.print(table)
    console.print(_statement("all", shown.accounts, _sum_cents(settled), shown))
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


def _settle(teams: Sequence[Sequence[Account]]) -> list[_Cents]:
    """Round what all come to once, and hand its cents down: to teams, and to their rows."""
    openings, closings, months = (
        apportion([Money.sum(of(each) for each in accounts) for accounts in teams])
        for of in (_opening, _closing, _of_month)
    )
    settled = []
    for accounts, *cents in zip(teams, openings, closings, months, strict=True):
        opening, closing, month = cents
        lines = _rows(accounts)
        parts = apportion([line.usd for line in lines.values()], month)
        settled.append(_Cents(opening, dict(zip(lines, parts, strict=True)), closing))
    return settled


def _sum_cents(settled: Sequence[_Cents]) -> _Cents:
    rows: dict[str, Decimal] = {}
    for each in settled:
        for name, cents in each.rows.items():
            rows[name] = rows.get(name, Decimal(0)) + cents
    opening = sum((each.opening for each in settled), Decimal(0))
    return _Cents(opening, rows, sum((each.closing for each in settled), Decimal(0)))


def _statement(name: str, accounts: Sequence[Account], cents: _Cents, of: Chargeback) -> Table:
    lines = _rows(accounts)
    opening = Line(sum(each.opening.units for each in accounts))
    table = Table(Column(shown_text(name)), box=SIMPLE_HEAD)
    table.add_column("USD", justify="right")
    table.add_row("opening", dollars(cents.opening))
    for row, line in lines.items():
        table.add_row(f"  {row}", _shown(line, cents.rows[row]))
    if cents.rounding:
        table.add_row(f"  {_ROUNDING}", dollars(cents.rounding))
    closing = _shown(sum(lines.values(), opening), cents.closing)
    table.add_row("closing", _UNKNOWN if of.is_blind else closing, end_section=True)
    return table


def _add_tenants(table: Table, accounts: Sequence[Account], cents: _Cents, of: Chargeback) -> None:
    months = apportion([_of_month(each) for each in accounts], cents.of_month)
    for account, month in zip(accounts, months, strict=True):
        name = shown_text(f"  of the month: {account.owner.tenant or '(the team)'}")
        shown = _shown(sum(_rows([account]).values(), Line()), month)
        table.add_row(name, _UNKNOWN if of.is_blind else shown)


def _shown(line: Line, cents: Decimal) -> str:
    return UNPRICED if line.known_usd is None else dollars(cents)


def _opening(account: Account) -> Money:
    return account.opening


def _closing(account: Account) -> Money:
    return account.closing


def _of_month(account: Account) -> Money:
    return account.charged + account.adjusted


def _rows(accounts: Iterable[Account]) -> dict[str, Line]:
    """The lines of statements: categories, and then the months that are corrected."""
    charges: dict[str, Line] = {}
    corrections: dict[str, Line] = {}
    for account in accounts:
        for category, line in account.charges.items():
            charges[str(category)] = charges.get(str(category), Line()) + line
        for month, line in account.adjustments.items():
            name = f"corrects {month}"
            corrections[name] = corrections.get(name, Line()) + line
    return {name: part[name] for part in (charges, corrections) for name in sorted(part)}
