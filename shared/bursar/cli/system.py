"""`bursar system`: what an AI system costs a month, as a person describes it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bursar.cli.exits import Exit, leave
from bursar.cli.ledger_views import plain, print_json
from bursar.cli.shown_text import shown_text
from bursar.config_file import ConfigError, read_section
from bursar.domain.ai_system import AiSystem
from bursar.domain.cost_report import apportion
from bursar.web.wording import dollars

Help = Parameter


def system(
    file: Annotated[
        Path, Help(help="YAML with a section system: name, items, predictions, users")
    ],
    *,
    json: Annotated[bool, Help(negative="", help="print JSON; amounts are strings")] = False,
) -> None:
    """Break down what an AI system costs a month, from its items. Exit code 2: wrong input."""
    try:
        found = read_section(file, "system", AiSystem)
    except ConfigError as error:
        leave(Exit.WRONG_INPUT, error.problems)
    if json:
        print_json(system_json(found))
        return
    table = Table(box=SIMPLE_HEAD)
    for heading in ("item", "category", "volume"):
        table.add_column(heading, overflow="fold")
    table.add_column("USD a month", justify="right", no_wrap=True)
    cents = apportion([item.usd for item in found.items])
    of_category = dict.fromkeys(found.by_category(), Decimal(0))
    for item, usd in zip(found.items, cents, strict=True):
        of_category[item.category] += usd
        volume = shown_text(f"{item.volume:f} {item.unit}")
        table.add_row(shown_text(item.name), str(item.category), volume, dollars(usd))
    table.add_row(shown_text(found.name), "", "", dollars(sum(cents, Decimal(0))))
    sums = Table("category", box=SIMPLE_HEAD)
    sums.add_column("USD a month", justify="right", no_wrap=True)
    for category, usd in of_category.items():
        sums.add_row(str(category), dollars(usd))
    console = Console()
    console.print(table)
    console.print(sums)
    for name, rate in (
        ("prediction", found.usd_per_prediction),
        ("user", found.usd_per_user),
    ):
        console.print(f"USD per {name}: {plain(rate) or 'no data'}")


def system_json(found: AiSystem) -> dict[str, Any]:
    return {
        "name": found.name,
        "currency": "USD",
        "total_usd": found.usd.plain(),
        "by_category_usd": {str(c): usd.plain() for c, usd in found.by_category().items()},
        "usd_per_prediction": plain(found.usd_per_prediction),
        "usd_per_user": plain(found.usd_per_user),
        "items": [
            {"name": item.name, "category": str(item.category), "usd": item.usd.plain()}
            for item in found.items
        ],
    }
