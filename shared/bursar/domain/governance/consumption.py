"""What an approval is worth: one amount, debited as it is used, whose rest expires.

A budget's window is raised by what was debited for it, and by the rest only while that can
still be used: `limit = base + consumed` once it cannot. Every dollar of it raises one window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bursar.domain.ledger.postings import BudgetWindow
from bursar.domain.money import Money


class AllowanceError(Exception):
    """The allowance cannot be debited so; nothing was."""


class AllowanceExhaustedError(AllowanceError):
    """Less remains than is asked for."""


class AllowanceOverError(AllowanceError):
    """`until` has passed: the rest is gone."""


class OtherBudgetError(AllowanceError):
    """The allowance has been used for another budget: it raises one."""


class NotConsumedError(AllowanceError):
    """More was to be given back than was debited for the window."""


@dataclass(frozen=True)
class Allowance:
    """An approved exception as money. `consumed` is by the window that it was debited for."""

    exception: str
    amount: Money
    remaining: Money
    until: datetime
    consumed: Mapping[BudgetWindow, Money] = field(default_factory=dict)

    @classmethod
    def of(cls, exception: str, amount: Money, until: datetime) -> Allowance:
        return cls(exception, amount, amount, until)


def debit(allowance: Allowance, amount: Money, window: BudgetWindow, at: datetime) -> Allowance:
    """Use some of it for a window; the window's limit rises by as much.

    Raises:
        AllowanceOverError, OtherBudgetError, AllowanceExhaustedError: it cannot.
    """
    if amount <= Money.zero():
        raise ValueError("a debit is above 0")
    if at >= allowance.until:
        raise AllowanceOverError(f"{allowance.exception} ended at {allowance.until.isoformat()}")
    if any(used.budget_id != window.budget_id for used in allowance.consumed):
        raise OtherBudgetError(f"{allowance.exception} raises another budget")
    if amount > allowance.remaining:
        raise AllowanceExhaustedError(f"{allowance.remaining} of {allowance.exception} remain")
    return _moved(allowance, amount, window)


def give_back(allowance: Allowance, amount: Money, window: BudgetWindow) -> Allowance:
    """Undo a debit, or a part, that was reserved and not spent; the limit falls by as much.

    Raises:
        NotConsumedError: so much was not debited for the window.
    """
    if amount > allowance.consumed.get(window, Money.zero()):
        raise NotConsumedError(f"{allowance.exception} gave less to {window}")
    return _moved(allowance, -amount, window)


def raised_by(allowance: Allowance, window: BudgetWindow, current: BudgetWindow) -> Money:
    """What a window's limit is higher by, while the rest can be used in the `current` window."""
    consumed = allowance.consumed.get(window, Money.zero())
    return consumed + allowance.remaining if window == current else consumed


def effective_limit(
    base: Money,
    allowance: Allowance,
    window: BudgetWindow,
    *,
    current: BudgetWindow,
    at: datetime,
) -> Money:
    """The window's limit with the allowance: only what was used of it outlives `until`."""
    if at < allowance.until:
        return base + raised_by(allowance, window, current)
    return base + allowance.consumed.get(window, Money.zero())


def _moved(allowance: Allowance, amount: Money, window: BudgetWindow) -> Allowance:
    before = allowance.consumed.get(window, Money.zero())
    return replace(
        allowance,
        remaining=allowance.remaining - amount,
        consumed={**allowance.consumed, window: before + amount},
    )
