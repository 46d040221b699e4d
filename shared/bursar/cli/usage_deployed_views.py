"""Imports and summaries of usage, as JSON and as tables."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bursar.cli.cost_tables import cost_table
from bursar.cli.ledger_views import (
    CHARGED_BEFORE,
    UNPRICED,
    booked_later_json,
    booked_later_notes,
    ends,
    gap_notes,
    gaps_json,
    plain,
    print_json,
    print_unpriced,
    unpriced_json,
)
from bursar.cli.shown_text import shown_text
from bursar.cli.usage_review_views import places_of
from bursar.domain.cost_report import apportion
from bursar.domain.ledger.gaps import Gaps
from bursar.domain.ledger.lines import Line, Statement, quality_of
from bursar.domain.ledger.reports import By, booked_later, pivot, unpriced_models
from bursar.domain.ledger.serving import serving, usd_per_request, usd_per_tokens
from bursar.domain.ledger.shadows import ShadowedModel
from bursar.domain.periods import Window
from bursar.jobs.ingest_usage import Ingested
from bursar.web.taken_usage import taken_json

_SHOWN = 20
_NOT_BILLED = {
    "shadow": "compared and in no total: another source is billed for them."
    " See `bursar usage summary --shadow`.",
    "held": "not posted: a person has to look. See `bursar usage held`.",
    "conflicts": "not posted: their ids stand for something else. See `bursar usage conflicts`.",
    "dropped": "not posted: they were held, and a person dropped them.",
}
_BASIS = (
    "USD/req. and USD/1M are on the usage basis: what serving cost, without idle, training and"
    " what has no price."
)


def ingested_json(taken: Sequence[Ingested]) -> None:
    failed = [name for each in taken for name in each.failed]
    print_json(taken_json(taken) | {"failed": failed})


def print_ingested(taken: Sequence[Ingested]) -> None:
    """How many records came to what, and where to look for those that are billed to nobody."""
    out = Console()
    told = taken_json(taken)
    rejected = [row for each in taken for row in each.rejections]
    out.print(
        f"{told['billed']:,} records posted, {told['shadow']:,} shadow,"
        f" {told['duplicates']:,} there already, {told['held']:,} held,"
        f" {sum(row.times for row in rejected):,} rejected."
    )
    for name, became in _NOT_BILLED.items():
        if told[name]:
            out.print(f"{told[name]:,} {became}")
    for row in rejected[:_SHOWN]:
        out.print(shown_text(f"{places_of(row)}: {row.reason} (x{row.times})"))
    if len(rejected) > _SHOWN:
        out.print(f"... and {len(rejected) - _SHOWN} more; --json lists them all")


def summary_json(
    statements: Sequence[Statement], by: Sequence[By], window: Window, gaps: Gaps
) -> None:
    unknown = {} if statements else {"usd": None, "serving_usd": None}
    print_json(
        {
            **ends(window),
            "quality": gaps.quality(quality_of(each.quality for each in statements)),
            **gaps_json(gaps),
            "rows": [
                dict(zip(by, names, strict=True)) | _line(line, served)
                for names, line, served in _rows(statements, by)
            ],
            "total": _line(*_total(statements)) | unknown,
            "unpriced": unpriced_json(unpriced_models(statements)),
            "booked_later": booked_later_json(booked_later(statements)),
        }
    )


def print_summary(
    statements: Sequence[Statement], by: Sequence[By], window: Window, gaps: Gaps
) -> None:
    console = Console()
    if not statements and not gaps.not_kept:  # that it is unknown was said
        return
    for note in gap_notes(gaps):
        console.print(note, highlight=False)
    if not statements:
        return
    table = cost_table(
        f"Usage {window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC",
        " · ".join(by),
        *("requests", "input", "output", "USD", "USD/req.", "USD/1M"),
    )
    rows = _rows(statements, by)
    cents = apportion([line.usd for _, line, _ in rows])
    for (names, line, served), usd in zip(rows, cents, strict=True):
        label = " · ".join(name or "(none)" for name in names)
        table.add_row(shown_text(label), *_cells(line, served, usd))
    table.add_section()
    total, served = _total(statements)
    table.add_row("total", *_cells(total, served, sum(cents, Decimal(0))), style="bold")
    console.print(table)
    print_unpriced(unpriced_models(statements), console)
    if late := total.charged_before.total:
        console.print(f"{late:,} tokens {CHARGED_BEFORE}")
    for note in booked_later_notes(booked_later(statements)):
        console.print(note, highlight=False)
    console.print(_BASIS)


def shadows_json(compared: Sequence[ShadowedModel]) -> None:
    print_json(
        [
            {
                "model": each.model,
                "billed_tokens": each.billed.tokens.total,
                "sources": [
                    {
                        "source": source,
                        "tokens": found.told.tokens.total,
                        "usd": found.told.amounts.usd.plain(),
                        "billed_tokens": found.billed.tokens.total,
                        "difference": _share(found.difference),
                        "billed_without_it_tokens": each.billed_without(source),
                    }
                    for source, found in sorted(each.sources.items())
                ],
            }
            for each in compared
        ]
    )


def print_shadows(compared: Sequence[ShadowedModel]) -> None:
    if not compared:
        Console().print("No source told of a model that another one is billed for.")
        return
    table = Table(
        box=SIMPLE_HEAD,
        title="Told by sources that are not billed, by the hours in which they told",
        title_justify="left",
    )
    for name in ("model", "source"):
        table.add_column(name)
    for name in ("billed tokens", "its tokens", "difference", "billed without it"):
        table.add_column(name, justify="right")
    for each in compared:
        for source, found in sorted(each.sources.items()):
            share = found.difference
            shown = "nothing billed" if share is None else f"{float(share):+.2%}"
            counts = (found.billed.tokens.total, found.told.tokens.total)
            without = f"{each.billed_without(source):,}"
            cells = (*(f"{count:,}" for count in counts), shown, without)
            table.add_row(shown_text(each.model), shown_text(source), *cells)
    Console().print(table)
    Console().print(
        "Billed without it: in hours of which it told nothing, or was itself the one billed."
    )


def _rows(
    statements: Sequence[Statement], by: Sequence[By]
) -> list[tuple[tuple[str, ...], Line, Line]]:
    """Names, all that has them, and of that what serving models cost: of each day or hour, in
    their order, the dearest first."""
    served = pivot(serving(statements), by)
    times = [n for n, each in enumerate(by) if each in (By.DAY, By.HOUR)]
    found = sorted(
        pivot(statements, by).items(),
        key=lambda row: ([row[0][n] for n in times], -row[1].units, row[0]),
    )
    return [(names, line, served.get(names, Line())) for names, line in found]


def _total(statements: Sequence[Statement]) -> tuple[Line, Line]:
    nothing = ((), Line(), Line())
    return next(iter(_rows(statements, ())), nothing)[1:]


def _line(line: Line, served: Line) -> dict[str, Any]:
    """All tokens that were used. Rates are of what was served: `serving_usd` over the requests and
    tokens with a price."""
    tokens = line.used
    return {
        "requests": line.requests,
        "unpriced_requests": line.unpriced_requests,
        "input_tokens": tokens.input,
        "cached_input_tokens": tokens.cached_input,
        "output_tokens": tokens.output,
        "unpriced_tokens": line.unpriced.total,
        "charged_before_tokens": line.charged_before.total,
        "usd": plain(line.known_usd),
        "serving_usd": plain(served.known_usd),
        "usd_per_request": plain(usd_per_request(served.usd, served)),
        "usd_per_million_tokens": plain(usd_per_tokens(served.usd, served)),
    }


def _cells(line: Line, served: Line, usd: Decimal) -> list[str]:
    told = _line(line, served)
    rates = (told["usd_per_request"], told["usd_per_million_tokens"])
    return [
        f"{line.requests:,}",
        f"{line.used.input:,}",
        f"{line.used.output:,}",
        UNPRICED if line.known_usd is None else f"{usd:,.2f}",
        *("" if rate is None else f"{float(rate):,.4f}" for rate in rates),
    ]


def _share(share: Fraction | None) -> str | None:
    return None if share is None else f"{float(share):.6f}"
