"""`bursar network`: what NAT gateways and data transfer cost, and who sent the bytes."""

from __future__ import annotations

import json as json_text
import sys
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

from cyclopts import Parameter
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bursar.adapters.dynamodb.cluster_use import DynamoClusterUseStore
from bursar.adapters.dynamodb.health import DynamoHealthLog
from bursar.adapters.dynamodb.spend import DynamoSpendStore
from bursar.cli.deployed import (
    UNANSWERED,
    caller_account,
    clusters_seen,
    deployed_table,
    leave_unanswered,
)
from bursar.cli.exits import warn
from bursar.cli.months import check_month
from bursar.domain.cost_report import apportion
from bursar.domain.money import Money
from bursar.domain.network_costs import NetworkCost, network_costs
from bursar.domain.periods import month_window
from bursar.domain.spend import Metric
from bursar.web.wording import dollars

Help = Parameter


def network(
    *,
    month: Annotated[str, Help(help="the UTC month, 2026-11")],
    stack: Annotated[str, Help(help="the deployed stack")] = "Bursar",
    region: Annotated[str | None, Help(help="where it is deployed; default: AWS' own")] = None,
    table: Annotated[str | None, Help(help="the table itself, instead of --stack")] = None,
    account: Annotated[
        str | None, Help(help="the billed account; default: the one asked from")
    ] = None,
    json: Annotated[bool, Help(negative="", help="print JSON; amounts are strings")] = False,
) -> None:
    """Show what the bill says of the network in a month (`spend.network`), each day's charges by
    the bytes that namespaces sent on it (`metrics.network_by_bytes`).

    Exit code 2: wrong input. 3: AWS cannot be asked.
    """
    check_month(month)
    window = month_window(month)
    try:
        kept = deployed_table(table, stack, region)
        facts = DynamoSpendStore(kept).latest(
            account or caller_account(region),
            Metric.UNBLENDED,
            window.start.date(),
            (window.end - timedelta(days=1)).date(),
        )
        use = DynamoClusterUseStore(kept)
        clusters = clusters_seen(DynamoHealthLog(kept))
        found = network_costs(
            facts, (each for name in clusters for each in use.between(name, window))
        )
    except UNANSWERED as error:
        leave_unanswered(error, stack)
    if not found:
        warn(["the bill told nothing of the network: is spend.network configured?"])
    (_print_json if json else _print_table)(month, found)


def to_json(month: str, found: Sequence[NetworkCost]) -> dict[str, Any]:
    """Amounts are strings of USD and sum to the total; null names: nobody measured who sent."""
    return {
        "month": month,
        "currency": "USD",
        "total_usd": Money.sum(each.usd for each in found).plain(),
        "rows": [
            {
                "kind": each.kind,
                "cluster": each.cluster or None,
                "namespace": each.namespace or None,
                "usd": each.usd.plain(),
                "measured": each.measured,
            }
            for each in found
        ],
    }


def _print_json(month: str, found: Sequence[NetworkCost]) -> None:
    sys.stdout.write(json_text.dumps(to_json(month, found), indent=2, ensure_ascii=False) + "\n")


def _print_table(month: str, found: Sequence[NetworkCost]) -> None:
    shown = Table("kind", "cluster", "namespace", box=SIMPLE_HEAD, title=f"Network, {month}")
    shown.add_column("USD", justify="right")
    cents = apportion([each.usd for each in found])
    for each, usd in zip(found, cents, strict=True):
        names = (each.cluster, each.namespace) if each.measured else ("not measured", "")
        shown.add_row(each.kind, *map(Text, names), dollars(usd))
    shown.add_section()
    shown.add_row("total", "", "", dollars(sum(cents, Decimal(0))))
    Console().print(shown)
