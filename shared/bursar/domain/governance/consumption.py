"""What an approval is worth: one amount, debited as it is used, whose rest expires.

A budget's window is raised by what was debited for it, and by the rest only while that can
still be used: `limit = base + consumed` once it cannot. Every dollar of it raises one window.
What the gate has promised to jobs waits in a purse: it raises the current window until it is
spent, and is consumed by the window that it is spent in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.money import Money
from bursar.domain.scopes import Scope

if TYPE_CHECKING:
    from bursar.domain.governance.exceptions import Request

PURSE = "gate:"  # no budget's id has a colon


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
    """An approved exception as money, from `since` on for what its scope covers.

    `consumed` is by the window, or purse, that it was debited for.
    """

    exception: str
    policy: str
    scope: Scope
    amount: Money
    remaining: Money
    since: datetime
    until: datetime
    consumed: Mapping[BudgetWindow, Money] = field(default_factory=dict)

    @classmethod
    def of(cls, exception: str, request: Request, at: datetime) -> Allowance:
        """What is granted by an approval at that time."""
        amount, until = request.amount, request.until
        return cls(exception, request.policy, request.scope, amount, amount, at, until)

    @property
    def budget(self) -> str | None:
        """The one budget that has used some of it."""
        used = (window.budget_id for window in self.consumed if not is_purse(window))
        return next(used, None)

    @property
    def promised(self) -> Money:
        """What waits in purses."""
        return Money.sum(usd for window, usd in self.consumed.items() if is_purse(window))

    def usable(self, at: datetime) -> Money:
        return self.remaining if self.since <= at < self.until else Money.zero()


def is_purse(window: BudgetWindow) -> bool:
    return window.budget_id.startswith(PURSE)


def debit(allowance: Allowance, amount: Money, window: BudgetWindow, at: datetime) -> Allowance:
    """Use some of it for a window, whose limit rises by as much, or promise it to jobs.

    Raises:
        AllowanceOverError, OtherBudgetError, AllowanceExhaustedError: it cannot.
    """
    if amount <= Money.zero():
        raise ValueError("a debit is above 0")
    if at >= allowance.until:
        raise AllowanceOverError(f"{allowance.exception} ended at {allowance.until.isoformat()}")
    if not is_purse(window) and allowance.budget not in (None, window.budget_id):
        raise OtherBudgetError(f"{allowance.exception} raises another budget")
    if amount > allowance.remaining:
        raise AllowanceExhaustedError(f"{allowance.remaining} of {allowance.exception} remain")
    return _moved(allowance, amount, window)


def cover(allowance: Allowance, over: Money, window: BudgetWindow, as_of: datetime) -> Allowance:
    """Use it for what a window has spent over its limit without asking, as far as it goes.

    What was promised to jobs is spent first. `as_of` is until when the spending was seen.
    """
    if allowance.budget not in (None, window.budget_id) or not _holds(allowance, window, as_of):
        return allowance
    for purse in sorted(filter(is_purse, allowance.consumed), key=lambda each: each.starts_at):
        part = min(over, allowance.consumed[purse])
        if part:
            allowance = _moved(_moved(allowance, -part, purse), part, window)
            over -= part
    part = min(over, allowance.remaining) if as_of <= allowance.until else Money.zero()
    return _moved(allowance, part, window) if part else allowance


def give_back(allowance: Allowance, amount: Money, window: BudgetWindow) -> Allowance:
    """Undo a debit, or a part, that was reserved and not spent; the limit falls by as much.

    Raises:
        NotConsumedError: so much was not debited for the window.
    """
    if amount > allowance.consumed.get(window, Money.zero()):
        raise NotConsumedError(f"{allowance.exception} gave less to {window}")
    return _moved(allowance, -amount, window)


def raised_by(
    allowance: Allowance, window: BudgetWindow, current: BudgetWindow, at: datetime
) -> Money:
    """What a window's limit is higher by: what it consumed and, if it is the `current` one, what
    can still be used, and what jobs were promised and have not spent."""
    consumed = allowance.consumed.get(window, Money.zero())
    if window != current or allowance.budget not in (None, window.budget_id):
        return consumed
    promised = allowance.promised if window.starts_at < allowance.until else Money.zero()
    return consumed + allowance.usable(at) + promised


def _holds(allowance: Allowance, window: BudgetWindow, as_of: datetime) -> bool:
    return allowance.since <= as_of and window.starts_at < allowance.until


def _moved(allowance: Allowance, amount: Money, window: BudgetWindow) -> Allowance:
    before = allowance.consumed.get(window, Money.zero())
    return replace(
        allowance,
        remaining=allowance.remaining - amount,
        consumed={**allowance.consumed, window: before + amount},
    )
