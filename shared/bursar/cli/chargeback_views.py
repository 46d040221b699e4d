"""A month's chargeback as JSON, CSV and FOCUS, for programs."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

from bursar.adapters.csv_cells import safe_cell
from bursar.adapters.focus_files import write_focus_csv, write_focus_json
from bursar.cli.ledger_views import as_of_text, ends, plain
from bursar.domain.chargeback import Account, Chargeback
from bursar.domain.focus import BillingAccount, FocusRow, focus_row
from bursar.domain.focus.ledger_charges import ledger_charges
from bursar.domain.ledger.lines import Line, Statement
from bursar.domain.money import Money

COLUMNS = (
    *("month", "status", "team", "tenant", "line", "category", "corrects"),
    *("usd", "requests", "input_tokens", "output_tokens"),
    *("unpriced_tokens", "charged_before_tokens"),
)
_NO_COUNTS = ("",) * (len(COLUMNS) - COLUMNS.index("requests"))


def write_json(shown: Chargeback, file: TextIO) -> None:
    file.write(json.dumps(to_json(shown), indent=2, ensure_ascii=False) + "\n")


def to_json(shown: Chargeback) -> dict[str, Any]:
    """Amounts are strings of USD at full resolution; null is unknown, never zero."""
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
        **_sums(shown.accounts, shown),
        "total_usd": _known(shown, _sum(shown.statement.lines.values())),
        "teams": [
            {
                "team": team,
                **_sums(accounts, shown),
                "accounts": [_account(account, shown) for account in accounts],
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
        for row in _rows(account, shown):
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


def _rows(account: Account, of: Chargeback) -> Iterator[list[str | int]]:
    sums = _sums([account], of)
    yield ["opening", "", "", sums["opening_usd"] or "", *_NO_COUNTS]
    for category, line in sorted(account.charges.items()):
        yield ["charge", str(category), "", *_numbers(line)]
    for month, line in sorted(account.adjustments.items()):
        yield ["adjustment", "", month, *_numbers(line)]
    yield ["closing", "", "", sums["closing_usd"] or "", *_NO_COUNTS]


def _numbers(line: Line) -> list[str | int]:
    return [
        *(plain(line.known_usd) or "", line.requests, line.tokens.input, line.tokens.output),
        *(line.unpriced.total, line.charged_before.total),
    ]


def _sums(accounts: Sequence[Account], of: Chargeback) -> dict[str, str | None]:
    opening = Line(sum(each.opening.units for each in accounts))
    charged = _sum(line for each in accounts for line in each.charges.values())
    adjusted = _sum(line for each in accounts for line in each.adjustments.values())
    return {
        "opening_usd": opening.usd.plain(),
        "charges_usd": _known(of, charged),
        "adjustments_usd": _known(of, adjusted),
        "closing_usd": _known(of, opening + charged + adjusted),
    }


def _sum(lines: Iterable[Line]) -> Line:
    return sum(lines, Line())


def _known(of: Chargeback, sums: Line) -> str | None:
    """None where nothing of the month was stated, or all that was used has no price."""
    return None if of.is_blind else plain(sums.known_usd)


def _account(account: Account, of: Chargeback) -> dict[str, Any]:
    return {
        "tenant": account.owner.tenant,
        "team": account.owner.team,
        **_sums([account], of),
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
        "usd": plain(line.known_usd),
        "requests": line.requests,
        "input_tokens": line.tokens.input,
        "output_tokens": line.tokens.output,
        "unpriced_tokens": line.unpriced.total,
        "charged_before_tokens": line.charged_before.total,
    }
