"""Draws: what a reservation takes of approved exceptions, and which part of it goes back.

A budget's own limit is used up first. Only what is asked beyond what it has available is drawn
from an exception, of those that end first; and of what was held and not spent, the drawn part
goes back first, of those that end last. So an exception is debited for no more than was spent
beyond what the limit had left when it was asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.money import Money

if TYPE_CHECKING:
    from bursar.domain.governance.consumption import Allowance

MOST_EXCEPTIONS = 5  # in one transaction, beside the windows that it holds


@dataclass(frozen=True, slots=True)
class Draw:
    """Debited of an approved exception for one window, whose limit rises by as much."""

    exception: str
    window: BudgetWindow
    amount: Money


def draw(
    missing: Mapping[BudgetWindow, Money], allowances: Mapping[str, Sequence[Allowance]]
) -> tuple[Draw, ...]:
    """As much of what is missing as the allowances of each budget have, in their order."""
    drawn: list[Draw] = []
    left: dict[str, Money] = {}
    for window, amount in missing.items():
        for allowance in allowances.get(window.budget_id, ()):
            name = allowance.exception
            if name not in left and len(left) == MOST_EXCEPTIONS:
                break
            part = min(amount, left.setdefault(name, allowance.remaining))
            if part > Money.zero():
                drawn.append(Draw(name, window, part))
                left[name] -= part
                amount -= part
    return tuple(drawn)


def unused(
    drawn: Sequence[Draw],
    held: Mapping[BudgetWindow, Money],
    spent: Mapping[BudgetWindow, Money],
) -> tuple[Draw, ...]:
    """What goes back when so much of what was held is spent in each window."""
    back: list[Draw] = []
    free = {
        window: max(amount - spent.get(window, Money.zero()), Money.zero())
        for window, amount in held.items()
    }
    for each in reversed(drawn):
        part = min(each.amount, free[each.window])
        if part > Money.zero():
            back.append(Draw(each.exception, each.window, part))
            free[each.window] -= part
    return tuple(back)


def by_window(draws: Iterable[Draw]) -> dict[BudgetWindow, Money]:
    """How much each window's limit rises, or falls, with them."""
    sums: dict[BudgetWindow, Money] = {}
    for each in draws:
        sums[each.window] = sums.get(each.window, Money.zero()) + each.amount
    return sums


def by_exception(draws: Iterable[Draw]) -> dict[str, dict[BudgetWindow, Money]]:
    """What each exception's allowance is debited for, or gets back."""
    sums: dict[str, dict[BudgetWindow, Money]] = {}
    for each in draws:
        of = sums.setdefault(each.exception, {})
        of[each.window] = of.get(each.window, Money.zero()) + each.amount
    return sums
