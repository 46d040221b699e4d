"""How stops are shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from bursar.domain.stops.messages import does
from bursar.domain.stops.records import Stop
from bursar.domain.stops.steps import StepState


def stops_json(stops: Sequence[Stop]) -> None:
    sys.stdout.write(json.dumps([to_json(stop) for stop in stops], indent=2) + "\n")


def stop_json(stop: Stop) -> None:
    sys.stdout.write(json.dumps(to_json(stop), indent=2) + "\n")


def to_json(stop: Stop) -> dict[str, Any]:
    """As it is kept, amounts as strings, and what it does in words."""
    told = stop.model_dump(mode="json", exclude={"limit", "spent", "version", "link"})
    amounts = {
        "limit_usd": stop.limit.plain(),
        "spent_usd": stop.spent.plain() if stop.spent else None,
    }
    return {**told, **amounts, "does": does(stop)}


def print_stops(stops: Sequence[Stop]) -> None:
    console = Console()
    if not stops:
        console.print("Nothing is stopped.")
        return
    table = Table(Column("id", no_wrap=True), "scope", "state", box=SIMPLE_HEAD)
    table.add_column("spent", justify="right")
    table.add_column("limit", justify="right")
    for name in ("until", "why"):
        table.add_column(name)
    for stop in stops:
        state = f"{stop.state} (dry run)" if stop.mode == "watch" else str(stop.state)
        spent = "" if stop.spent is None else str(stop.spent)
        until = f"{stop.ended_at or stop.expires_at:%Y-%m-%d %H:%M}"
        why = stop.ended_because or stop.needs or stop.reason
        cells = (stop.id, str(stop.scope), state, spent, str(stop.limit), until, why)
        table.add_row(*map(Text, cells))
    console.print(table)


def print_stop(stop: Stop) -> None:
    console = Console(highlight=False, soft_wrap=True)

    def line(name: str, text: str) -> None:
        console.print(Text(f"  {name:<9} {_one_line(text)}"))

    dry = "  a dry run: nothing is done" if stop.mode == "watch" else ""
    console.print(Text(f"{stop.id}  {stop.state}{dry}", style="bold"))
    spent = "" if stop.spent is None else f"{stop.spent} of "
    line("budget", f"{stop.budget}: {spent}{stop.limit} for {stop.scope}")
    line("because", stop.reason + (f" ({stop.by})" if stop.by else ""))
    if stop.needs and not stop.approved_by:
        line("needs", f"`bursar stop approve {stop.id}`: {stop.needs}")
    if stop.approved_by:
        line("approved", f"by {stop.approved_by}")
    if stop.ended_at:
        line("ended", f"{stop.ended_at:%Y-%m-%d %H:%M} UTC: {stop.ended_because}")
    else:
        line("until", f"{stop.expires_at:%Y-%m-%d %H:%M} UTC at the latest")
    for text in does(stop):
        line("", text)
    for step in stop.steps:
        if step.told or step.state is not StepState.PLANNED:
            told = f": {step.told}" if step.told else ""
            line(step.state.value, f"{step.cluster}: {step.object}{told}")


def _one_line(text: str) -> str:
    """Without what a terminal would obey."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
