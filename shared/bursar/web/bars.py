"""Bars as inline SVG, stretched by the page to the width they get; they hold no text."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from markupsafe import Markup

from bursar.domain.cost_report import BudgetLine, NamedCost, Part, Parts
from bursar.domain.money import Money

NAMED_STACK = ("gpu", "cpu", "memory", "storage", "other")


def named_bar(cost: NamedCost, longest: Money) -> Markup:
    """One namespace or model: its length against the longest, split by what it paid for."""
    return _stretched([(key, getattr(cost, key)) for key in NAMED_STACK], longest)


def compute_bar(parts: Parts) -> Markup:
    """Compute as one whole: allocated, shared, idle."""
    stack = [("allocated", parts.allocated), ("shared", parts.shared), ("idle", parts.idle)]
    text = ", ".join(f"{key} {amount}" for key, amount in stack)
    return _stretched(stack, parts.compute, label=f"Compute {parts.compute}: {text}")


def _stretched(stack: Iterable[tuple[str, Money]], whole: Money, label: str = "") -> Markup:
    pieces, x = [], 0.0
    for key, amount in stack:
        share = amount.over(whole)
        if share is None or share <= 0:
            continue
        width = float(share) * 100
        pieces.append(
            Markup(
                '<rect class="{}" x="{:.3f}" y="0" width="{:.3f}" height="10">'
                "<title>{} {}</title></rect>"
            ).format(key, x, width, key, amount)
        )
        x += width
    named = Markup('aria-hidden="true"')
    if label:
        named = Markup('role="img" aria-label="{}"').format(label)
    return Markup(
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" {}>{}</svg>'
    ).format(named, Markup().join(pieces))


def budget_bar(line: BudgetLine) -> Markup:
    """Spent against the limit, with a tick at each threshold and a mark at the projection."""
    shares = [Fraction(11, 10), *(Fraction(t.percent * 105, 10000) for t in line.thresholds)]
    shares += [share * Fraction(105, 100) for share in (line.share, line.projected_share) if share]
    whole = max(shares)

    def at(share: Fraction) -> float:
        return float(share / whole) * 100

    marks = [
        Markup(
            '<line class="threshold {}" x1="{x:.3f}" x2="{x:.3f}" y1="0" y2="16">'
            "<title>{}% {}: {}</title></line>"
        ).format(
            t.severity.value, t.percent, t.basis.value, t.amount, x=at(Fraction(t.percent, 100))
        )
        for t in line.thresholds
    ]
    room, spent, projected = Markup(), Markup(), Markup()
    limit = Markup(
        '<line class="limit" x1="{x:.3f}" x2="{x:.3f}" y1="2" y2="14">'
        "<title>limit {}</title></line>"
    ).format(line.limit, x=at(Fraction(1)))
    if line.projected_share is not None:
        projected = Markup(
            '<rect class="projected" x="0" y="4" width="{x:.3f}" height="8">'
            "<title>projected {amount}</title></rect>"
            '<line class="projection" x1="{x:.3f}" x2="{x:.3f}" y1="1" y2="15"/>'
        ).format(x=at(line.projected_share), amount=line.projected)
    if line.share is not None:
        room = Markup('<rect class="room" x="0" y="4" width="{:.3f}" height="8"/>').format(
            at(Fraction(1))
        )
        spent = Markup(
            '<rect class="spent {}" x="0" y="4" width="{:.3f}" height="8">'
            "<title>spent {}</title></rect>"
        ).format(line.standing.value, at(line.share), line.spent)
    return Markup(
        '<svg class="budget-bar {}" viewBox="0 0 100 16" preserveAspectRatio="none" role="img"'
        ' aria-label="{}">{}{}{}{}{}</svg>'
    ).format(
        "seen" if line.share is not None else "unseen",
        _budget_text(line),
        room,
        projected,
        spent,
        limit,
        Markup().join(marks),
    )


def _budget_text(line: BudgetLine) -> str:
    spent = f"spent {line.spent}" if line.spent is not None else "spent unknown"
    projected = f"projected {line.projected}" if line.projected is not None else "no projection"
    return f"Budget {line.id}: limit {line.limit}, {spent}, {projected}"


def part_class(part: Part) -> str:
    """The colour of a part in the daily chart."""
    return part.value if part in (Part.ALLOCATED, Part.SHARED, Part.IDLE) else "beside"
