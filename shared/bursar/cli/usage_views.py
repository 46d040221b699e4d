"""How `bursar usage` shows its answers: tables for people, exact JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import chain, islice
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any

from bursar.cli.shown_text import harmless
from bursar.domain.money import plain_of_units
from bursar.domain.usage.cost_rows import RowColumns

if TYPE_CHECKING:
    from rich.table import Table

    from bursar.domain.money import Money
    from bursar.domain.usage.comparisons import ModelCost
    from bursar.domain.usage.conversations import ConversationCost
    from bursar.domain.usage.cost_rows import CostRow
    from bursar.domain.usage.file_costs import UsageCosts

_MOST_ROWS = 1000  # in tables, which take a millisecond a row; the total is of all
_ITEMS_AT_ONCE = 4096  # written
_MOST_SHOWN = 20  # of rejected lines and unpriced models, in tables


def print_costs_json(costs: UsageCosts, *, several_files: bool) -> None:
    """The lists have an item a line, each made when it is written: there may be a million."""
    unpriced = (
        {
            "model": each.model,
            "input_tokens": each.tokens.input,
            "output_tokens": each.tokens.output,
        }
        for each in costs.unpriced
    )
    rejected = (
        ({"file": each.file} if several_files else {}) | {"line": each.line, "reason": each.reason}
        for each in costs.rejected
    )
    sys.stdout.write('{\n  "rows": ')
    _write_list(chain.from_iterable(_rows_json(costs.by, part) for part in costs.rows.parts()))
    (total,) = _rows_json((), RowColumns.of(costs.total))
    sys.stdout.write(f',\n  "total": {total},\n  "unpriced": ')
    _write_list(map(json.dumps, unpriced))
    sys.stdout.write(f',\n  "duplicates": {costs.duplicates},\n')
    sys.stdout.write(f'  "conflicts": {costs.conflicts},\n  "rejected": ')
    _write_list(map(json.dumps, rejected))
    sys.stdout.write("\n}\n")


def _rows_json(names: Sequence[str], part: RowColumns) -> Iterable[str]:
    """What `json.dumps` would say of each row, in a tenth of its time."""
    counts = ("requests", "input_tokens", "cached_input_tokens", "output_tokens")
    row = ", ".join([*(f'"{name}": %s' for name in names), *(f'"{name}": %d' for name in counts)])
    by = (map(encode_basestring_ascii, texts) for texts in part.by)
    inputs, cached, _, _, outputs, _ = part.tokens
    usd = ("null" if units is None else f'"{plain_of_units(units)}"' for units in part.units)
    columns = (*by, part.requests, inputs, cached, outputs, usd)
    return map(f'{{{row}, "usd": %s}}'.__mod__, zip(*columns, strict=True))


def _write_list(items: Iterable[str]) -> None:
    items, before = iter(items), "[\n    "
    while some := list(islice(items, _ITEMS_AT_ONCE)):
        sys.stdout.write(before + ",\n    ".join(some))
        before = ",\n    "
    sys.stdout.write("[]" if before.startswith("[") else "\n  ]")


def print_costs(costs: UsageCosts) -> None:
    table = _table("What it cost", *(each.value for each in costs.by))
    for heading in ("requests", "input", "cached", "output", "USD"):
        table.add_column(heading, justify="right", overflow="fold")
    for row in costs.rows[:_MOST_ROWS]:
        table.add_row(*(_plain(name) for name in row.by), *_cells(row))
    table.add_section()
    table.add_row("total", *[""] * (len(costs.by) - 1), *_cells(costs.total))
    notes = [
        f"{each.model}: no price is known for {each.tokens.input:,} input and"
        f" {each.tokens.output:,} output tokens"
        for each in costs.unpriced[:_MOST_SHOWN]
    ]
    if costs.duplicates or costs.conflicts:
        notes.append(
            f"told again: {costs.duplicates} the same, {costs.conflicts} otherwise;"
            " the first telling counts"
        )
    notes += [f"{each.file}:{each.line}: {each.reason}" for each in costs.rejected[:_MOST_SHOWN]]
    for what, several, shown in (
        ("rows", costs.rows, _MOST_ROWS),
        ("models", costs.unpriced, _MOST_SHOWN),
        ("rejected lines", costs.rejected, _MOST_SHOWN),
    ):
        if len(several) > shown:
            notes.append(f"and {len(several) - shown:,} more {what}: ask --json")
    _print(table, notes)


def print_conversation_json(model: str, plain: ConversationCost, cached: ConversationCost) -> None:
    _print_json(
        {
            "model": model,
            "without_caching": _conversation(plain),
            "with_caching": _conversation(cached),
        }
    )


def print_conversation(model: str, plain: ConversationCost, cached: ConversationCost) -> None:
    table = _table(f"A conversation with {model}")
    for heading in ("turn", "input", "output", "USD", "cached input", "USD with caching"):
        table.add_column(heading, justify="right", overflow="fold")
    for one, other in zip(plain.turns, cached.turns, strict=True):
        counts = (one.number, one.tokens.input, one.tokens.output)
        table.add_row(
            *(f"{count:,}" for count in counts),
            one.usd.plain(),
            f"{other.tokens.cached_input:,}",
            other.usd.plain(),
        )
    table.add_section()
    table.add_row("total", "", "", plain.total.plain(), "", cached.total.plain())
    growths = (_rounded(each.growth) or "unknown" for each in (plain, cached))
    _print(table, ["last turn / first turn: {}; with caching {}".format(*growths)])


def print_comparison_json(costs: Sequence[ModelCost]) -> None:
    _print_json(
        [
            {
                "model": each.model,
                "rank": each.rank,
                "total_usd": _usd(each.total),
                "usd_per_request": _usd(each.per_request),
                "input_share": _rounded(each.input_share),
                "output_share": _rounded(each.output_share),
                "quality": _as_told(each.measured.quality),
                "latency_ms": each.measured.latency_ms,
            }
            for each in costs
        ]
    )


def print_comparison(costs: Sequence[ModelCost]) -> None:
    table = _table("The same workload on each model", "rank", "model")
    for heading in ("USD", "USD/request", "input share", "output share", "quality", "ms"):
        table.add_column(heading, justify="right", overflow="fold")
    for each in costs:
        figures = (
            _usd(each.total) or "no price",
            _usd(each.per_request),
            _rounded(each.input_share),
            _rounded(each.output_share),
            _as_told(each.measured.quality),
            each.measured.latency_ms,
        )
        shown = ("" if figure is None else str(figure) for figure in figures)
        table.add_row(str(each.rank or ""), _plain(each.model), *shown)
    _print(table, [])


def _cells(row: CostRow) -> tuple[str, ...]:
    tokens = row.tokens
    counts = (row.requests, tokens.input, tokens.cached_input, tokens.output)
    return (*(f"{count:,}" for count in counts), _usd(row.usd) or "no price")


def _conversation(cost: ConversationCost) -> dict[str, Any]:
    return {
        "turns": [
            {
                "turn": turn.number,
                "input_tokens": turn.tokens.input,
                "cached_input_tokens": turn.tokens.cached_input,
                "cache_write_tokens": turn.tokens.cache_write_5m,
                "output_tokens": turn.tokens.output,
                "usd": turn.usd.plain(),
            }
            for turn in cost.turns
        ],
        "total_usd": cost.total.plain(),
        "growth": _rounded(cost.growth),
    }


def _usd(amount: Money | None) -> str | None:
    return None if amount is None else amount.plain()


def _rounded(figure: Fraction | None) -> str | None:
    """At most four places, which is what a ratio is looked at with."""
    return None if figure is None else _as_told(Decimal(round(figure * 10_000)).scaleb(-4))


def _as_told(figure: Decimal | None) -> str | None:
    from bursar.domain.bills import plain_digits

    return None if figure is None else plain_digits(figure)


def _table(title: str, *names: str) -> Table:
    from rich.table import Table

    table = Table(title=title)
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def _plain(name: str) -> str:
    """A name as data: no markup, no control character reaches the terminal."""
    from rich.markup import escape

    return escape(harmless(name)) or "(none)"


def _print(table: Table, notes: Sequence[str]) -> None:
    from rich.console import Console

    console = Console()
    console.print(table)
    for note in notes:
        console.print(_plain(note), highlight=False, soft_wrap=True)


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=2) + "\n")
