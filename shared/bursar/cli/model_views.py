"""The one table of models, self-hosted beside bought, as JSON and for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from bursar.cli.cost_tables import cost_table
from bursar.cli.ledger_views import (
    NAMELESS,
    UNPRICED,
    as_of_text,
    booked_later_json,
    counts,
    ends,
    gaps_json,
    on_both_bases,
    plain,
    print_quality,
    share_text,
    shown_rate,
    span,
)
from bursar.cli.shown_text import shown_text
from bursar.domain.cost_report import apportion
from bursar.domain.ledger.gaps import Gaps
from bursar.domain.ledger.lines import Line, Statement, add_up
from bursar.domain.ledger.model_costs import ModelCost, ModelTable
from bursar.domain.ledger.serving import usd_per_request, usd_per_tokens
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.quality import Quality

_RATES = ("USD", "USD/1M", "with idle", "used")
_BASES = (
    "A tenant's USD is what it used (usage basis); a model's has its idle too. USD/1M is on the"
    " usage basis, and beside it with idle; both are for tokens that have a price."
)


def models_json(
    table: ModelTable,
    window: Window,
    statements: Sequence[Statement],
    gaps: Gaps,
) -> dict[str, Any]:
    """Each model on two bases: `usage_basis` is what was used, `with_idle` has its idle too."""
    whole = add_up(window, statements)
    return {
        **ends(window),
        "currency": "USD",
        "quality": gaps.quality(whole.quality),
        "as_of": as_of_text(whole.as_of),
        "missing": list(whole.missing),
        **gaps_json(gaps),
        "models": [_model(each) for each in table.models],
        "rest_usd": table.rest.plain() if statements else None,
        "booked_later": booked_later_json(table.booked_later),
        "total_usd": plain(_known_total(whole)) if statements else None,
    }


def _known_total(whole: Statement) -> Money | None:
    """None where all that was used has no price."""
    return sum(whole.lines.values(), Line()).known_usd


def _model(each: ModelCost) -> dict[str, Any]:
    return {
        "model": each.model,
        "hosting": each.hosting,
        **counts(each.used),
        "usd": plain(_known(each)),
        "used_usd": plain(each.used.known_usd),
        "idle_usd": each.idle.usd.plain(),
        "utilisation": share_text(each.utilisation),
        "usd_per_request": on_both_bases(each.per_request),
        "usd_per_thousand_tokens": on_both_bases(each.per_thousand),
        "usd_per_million": {
            "usage_basis": _by_class(each, with_idle=False),
            "with_idle": _by_class(each, with_idle=True),
        },
        "compute_usd": each.compute.plain(),
        "by_category_usd": {name.value: usd.plain() for name, usd in each.by_category.items()},
        "tenants": [
            {
                "tenant": name,
                "usd": plain(line.known_usd),
                **counts(line),
                "usd_per_request": {"usage_basis": plain(usd_per_request(line.usd, line))},
                "usd_per_million": {"usage_basis": plain(usd_per_tokens(line.usd, line))},
            }
            for name, line in each.tenants.items()
        ],
    }


def _known(each: ModelCost) -> Money | None:
    return each.used.known_usd if each.total == each.used.usd else each.total


def _by_class(each: ModelCost, *, with_idle: bool) -> dict[str, str | None]:
    """All tokens together, and each class where its part of the cost is known."""
    rates = each.per_million_by_class(with_idle=with_idle)._asdict()
    blended = plain(each.per_million(with_idle=with_idle))
    return {"blended": blended} | {name: plain(rate) for name, rate in rates.items()}


def print_models(
    table: ModelTable,
    window: Window,
    statements: Sequence[Statement],
    gaps: Gaps,
    console: Console | None = None,
) -> None:
    """The one table: models with their tenants and idle below, everything else, what was booked
    later, the total."""
    console = console or Console(highlight=False)
    whole = add_up(window, statements)
    known = _known_total(whole)
    total = UNPRICED if known is None else str(known)
    told = "unknown" if whole.quality is Quality.UNKNOWN else total
    console.print(shown_text(f"Models, {span(window)}: {told}", "bold"))
    print_quality(gaps.quality(whole.quality), whole.as_of, whole.missing, console, gaps)
    if not statements:
        return
    # the column of what has no price is there where something has none
    tokens: tuple[str, ...] = ("tokens", "unpriced")
    parts = [*(each.used for each in table.models), *table.booked_later.values()]
    if not any(line.unpriced.total for line in parts):
        tokens = tokens[:1]
    shown = cost_table("USD per million tokens", "model", *tokens, *_RATES)
    none = [""] * len(tokens)
    later = table.booked_later.items()
    models = [each.total for each in table.models]
    cents = apportion([*models, table.rest, *(line.usd for _, line in later)])
    for each, usd in zip(table.models, cents, strict=False):
        _add_model(shown, each, usd, none)
    shown.add_row("everything else", *none, f"{cents[len(models)]:,.2f}")
    for (month, line), usd in zip(later, cents[len(models) + 1 :], strict=True):
        # no rate stands beside them: those whose pods' cost was charged before are told, too
        used = replace(line, tokens=line.tokens + line.charged_before)
        *figures, _ = _figures(used, usd, len(none))
        shown.add_row(f"booked later, of {month}", *figures)
    shown.add_section()
    total = UNPRICED if known is None else f"{sum(cents):,.2f}"
    shown.add_row("total", *none, total, style="bold")
    console.print(shown)
    console.print(_BASES)


def _add_model(shown: Table, each: ModelCost, usd: Decimal, none: list[str]) -> None:
    """A row of the model, and below it those of its tenants and idle, which are its sum."""
    with_idle = shown_rate(each.per_million(with_idle=True)) if each.is_self_hosted else ""
    used = "" if each.utilisation is None else f"{float(each.utilisation):.1%}"
    label = shown_text(f"{each.model} ({each.hosting})")
    figures = _figures(each.used, usd, len(none))
    shown.add_row(label, *figures, with_idle, used, style="bold")
    *parts, idle = apportion([*(line.usd for line in each.tenants.values()), each.idle.usd], usd)
    for (name, line), part in zip(each.tenants.items(), parts, strict=True):
        shown.add_row(shown_text(f"  {name or NAMELESS}"), *_figures(line, part, len(none)))
    if each.idle.units:
        shown.add_row("  idle", *none, f"{idle:,.2f}", style="dim")


def _figures(line: Line, usd: Decimal, columns: int) -> list[str]:
    """Tokens with a price, in two columns those without, USD, and the rate on the usage basis."""
    unpriced = f"{line.unpriced.total:,}" if line.unpriced.total else ""
    tokens = [f"{line.tokens.total:,}", unpriced][:columns]
    rate = shown_rate(usd_per_tokens(line.usd, line))
    shown = f"{usd:,.2f}" if usd or line.known_usd is not None else UNPRICED
    return [*tokens, shown, rate]
