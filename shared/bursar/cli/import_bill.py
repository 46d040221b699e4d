"""`bursar import bill`: what a provider's own bill says, added up exactly."""

from __future__ import annotations

import json as json_text
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from bursar.adapters.bill_files.cost_explorer import read_cost_explorer
from bursar.adapters.bill_files.cur import read_cur
from bursar.adapters.bill_files.focus import read_focus
from bursar.adapters.bill_files.tables import BillFileError
from bursar.cli.exits import Exit, leave
from bursar.cli.shown_text import shown_text
from bursar.domain.bills import (
    BillRow,
    BillSummary,
    MissingPage,
    plain_digits,
    summarise_bill,
)

Help = Parameter
Told = BillRow | MissingPage
_READERS: Mapping[str, Callable[[Sequence[Path]], Iterator[Told]]] = {
    "cur": lambda files: chain.from_iterable(map(read_cur, files)),
    "focus": lambda files: chain.from_iterable(map(read_focus, files)),
    "ce": read_cost_explorer,
}

app = App(name="import", help="Read bills and usage that others wrote.")


@app.command
def bill(
    *files: Annotated[Path, Help(help="the parts of one bill; gzip and Parquet are recognised")],
    format: Annotated[str, Help(help="cur, focus, or ce (Cost Explorer's answers)")],
    provider: Annotated[
        tuple[str, ...], Help(negative="", help="only rows of these ProviderNames")
    ] = (),
    json: Annotated[bool, Help(negative="", help="print JSON; amounts are strings")] = False,
) -> None:
    """Total a bill by service, UTC day and charge type, to the last digit.

    Breakdowns and total_usd count rows in USD; other currencies are totalled apart. What a bill
    does not name is in them as `(not named)`, so that each adds up to total_usd.

    A row told twice is one row where rows have a key: in cur a line by its LineItemId and
    TimeInterval, in ce a group by its day. FOCUS has none: every row of focus counts, also that
    of a part which is named twice, and `duplicates` is null.

    Exit code 2: a file is no such bill; answers of Cost Explorer for one day are grouped
    differently, so that they cannot be added; a row with a key is told in two ways (the first
    counts, and the others are listed); or a NextPageToken leads to no page of these files (what
    there is is added up, and the bill is more).
    """
    if (read := _READERS.get(format)) is None:
        leave(Exit.WRONG_INPUT, [f"--format {format!r} is not one of {', '.join(_READERS)}"])
    if not files:
        leave(Exit.WRONG_INPUT, ["name a file of the bill"])
    try:
        summary = summarise_bill(told for told in read(files) if _is_of(told, provider))
    except BillFileError as error:
        leave(Exit.WRONG_INPUT, [str(error)])
    except OSError as error:
        leave(Exit.WRONG_INPUT, [f"{error.filename}: {error.strerror}"])
    if provider and not summary.rows:
        leave(Exit.WRONG_INPUT, [f"no row is of provider {' or '.join(provider)}"])
    if json:
        sys.stdout.write(json_text.dumps(_shown(summary), indent=2) + "\n")
    else:
        _print_tables(summary)
    wrong = [f"{each.place}: another content of {each.key}" for each in summary.conflicts]
    wrong += [
        f"{each.place}: its NextPageToken says that pages follow, and not all of them are in these"
        " files: the bill is more than this"
        for each in summary.missing_pages
    ]
    if wrong:
        leave(Exit.WRONG_INPUT, wrong)


def _is_of(told: Told, providers: Sequence[str]) -> bool:
    return isinstance(told, MissingPage) or not providers or told.provider in providers


def _shown(summary: BillSummary) -> dict[str, Any]:
    return {
        "rows": summary.rows,
        "duplicates": summary.duplicates,
        "conflicts": [{"place": each.place, "key": each.key} for each in summary.conflicts],
        "missing_pages": [each.place for each in summary.missing_pages],
        "total_usd": plain_digits(summary.total_usd),
        "by_service": _plain(summary.by_service),
        "by_day": {day.isoformat(): plain_digits(usd) for day, usd in summary.by_day.items()},
        "by_type": _plain(summary.by_type),
        "by_provider": _plain(summary.by_provider),
        "rows_by_provider": dict(summary.rows_by_provider),
        "other_currencies": _plain(summary.other_currencies),
    }


def _plain(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {name: plain_digits(amount) for name, amount in amounts.items()}


def _print_tables(summary: BillSummary) -> None:
    console = Console()
    repeated = f", {summary.duplicates} repeated" if summary.duplicates else ""
    short = "; pages are missing" if summary.missing_pages else ""
    console.print(f"{summary.rows} rows{repeated}, {plain_digits(summary.total_usd)} USD{short}")
    days = [(day.isoformat(), usd) for day, usd in summary.by_day.items()]
    for title, amounts in (
        ("provider", list(summary.by_provider.items())),
        ("type", list(summary.by_type.items())),
        ("service", sorted(summary.by_service.items(), key=lambda item: -item[1])),
        ("day", days),
    ):
        console.print(_table(title, "USD", amounts))
    if summary.other_currencies:
        console.print(_table("currency", "amount", list(summary.other_currencies.items())))


def _table(title: str, unit: str, amounts: Sequence[tuple[str, Decimal]]) -> Table:
    table = Table(title)
    table.add_column(unit, justify="right")
    for name, amount in amounts:
        table.add_row(shown_text(name), plain_digits(amount))
    return table
