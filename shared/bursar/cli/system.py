"""`bursar system`: what an AI system costs a month, as a person describes it."""

from __future__ import annotations

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
    for item in found.items:
        volume = f"{item.volume:f} {item.unit}"
        table.add_row(shown_text(item.name), str(item.category), shown_text(volume), str(item.usd))
    table.add_row(shown_text(found.name), "", "", str(found.usd))
    sums = Table("category", box=SIMPLE_HEAD)
    sums.add_column("USD a month", justify="right", no_wrap=True)
    for category, of_category in found.by_category().items():
        sums.add_row(str(category), str(of_category))
    console = Console()
    console.print(table)
    console.print(sums)
    for name, usd in (
        ("prediction", found.usd_per_prediction),
        ("user", found.usd_per_user),
    ):
        console.print(f"USD per {name}: {plain(usd) or 'no data'}")


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
