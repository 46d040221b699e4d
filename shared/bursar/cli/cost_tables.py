"""The table that every page of costs on a terminal is made of: a name, then numbers."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.table import Table


def cost_table(title: str, name: str, *numbers: str) -> Table:
    """Names may fold at 80 columns, numbers never do."""
    table = Table(
        title=f"\n{title}",
        title_justify="left",
        box=SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column(name, overflow="fold")
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
