"""Requests for exceptions as a table, and as JSON: how they ended, and what they raise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_KEPT = ("id", "policy", "scope", "amount_usd", "status", "tiers", "until", "notes")


def exceptions_json(shown: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """`shown` are answers of `GET /v1/exceptions/{id}`; `limits_usd` are of its budgets now."""
    return [
        {name: each[name] for name in _KEPT}
        | {"limits_usd": {budget["id"]: budget["limit_usd"] for budget in each["budgets"]}}
        for each in shown
    ]


def print_exceptions(shown: Sequence[dict[str, Any]], console: Console) -> None:
    table = Table("asked for", title="Exceptions", title_justify="left")
    table.add_column("USD", justify="right", no_wrap=True)
    for heading in ("status", "tiers"):
        table.add_column(heading)
    for each in shown:
        scope = ",".join(f"{name}={value}" for name, value in each["scope"].items())
        tiers = "; ".join(
            f"{tier['name']} {tier['decided_by'] or 'silent'}" for tier in each["tiers"]
        )
        table.add_row(escape(scope), f"{each['amount_usd']}", each["status"], escape(tiers))
    console.print(table)
    for each in shown:
        if each["status"] == "approved":
            console.print(f"  {escape(each['notes'][0])}", highlight=False, soft_wrap=True)
