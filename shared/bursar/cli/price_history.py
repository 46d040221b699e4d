"""`bursar prices history`: every price of an instance type that the deployed guard has kept."""

from __future__ import annotations

import json as json_text
import sys
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bursar.adapters.dynamodb.prices import DynamoPriceStore
from bursar.cli.deployed import UNANSWERED, deployed_table, leave_unanswered
from bursar.cli.exits import Exit, leave
from bursar.domain.prices import PriceRow, on_demand

Help = Parameter


def history(
    instance_type: str,
    *,
    region: Annotated[str, Help(help="the AWS region whose prices hold")],
    stack: Annotated[str, Help(help="the deployed stack, which names the table")] = "Bursar",
    deployed_in: Annotated[str | None, Help(help="its region; default: AWS' own")] = None,
    table: Annotated[str | None, Help(help="the table itself, instead of --stack")] = None,
    json: Annotated[bool, Help(negative="", help="print JSON; amounts are strings")] = False,
) -> None:
    """Every on-demand price that was kept, oldest first, with its source and author.

    Exit code 2: no price is kept, or nothing of that name. 3: AWS cannot be asked.
    """
    try:
        kept = deployed_table(table, stack, deployed_in)
        rows = DynamoPriceStore(kept).history(on_demand(region, instance_type))
    except UNANSWERED as error:
        leave_unanswered(error, stack)
    if not rows:
        leave(Exit.WRONG_INPUT, [f"no price of {instance_type} in {region} was ever kept"])
    if json:
        sys.stdout.write(json_text.dumps([_shown(row) for row in rows], indent=2) + "\n")
        return
    shown = Table("since", "source", "SKU", title=f"{instance_type} in {region}, on demand")
    shown.add_column("USD/hour", justify="right")
    for row in rows:
        source = f"{row.source}, {row.author}" if row.author else row.source
        since = row.effective_from.date().isoformat()
        shown.add_row(since, Text(source), row.sku or "", row.usd.plain())
    Console().print(shown)


def _shown(row: PriceRow) -> dict[str, str | None]:
    return {
        "instance_type": row.key.item,
        "usd_per_hour": row.usd.plain(),
        "effective_from": row.effective_from.isoformat(),
        "source": row.source,
        "sku": row.sku,
        "author": row.author,
    }
