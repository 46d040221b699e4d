"""Read how budgets stand in their current windows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bursar.domain.budgets import Budget
from bursar.domain.governance.consumption import Allowance
from bursar.domain.ledger.budget_windows import BudgetWindow, WindowBalance
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.scopes import Dimension
from bursar.domain.usage.producers import ANY_TENANT
from bursar.jobs.raised_limits import RaisedLimits
from bursar.ports import BudgetStore, EnforcedWindows


@dataclass(frozen=True, slots=True)
class BudgetStanding:
    """`as_of` is until when it has been seen what was spent."""

    budget: Budget
    window: Window
    balance: WindowBalance
    as_of: datetime
    approved: tuple[Allowance, ...] = ()

    @property
    def limit(self) -> Money:
        """Raised by what was used of approved exceptions, and by what can still be used."""
        return self.balance.limit + self.left

    @property
    def available(self) -> Money:
        return self.balance.available + self.left

    @property
    def left(self) -> Money:
        """Of approved exceptions."""
        return Money.sum(each.remaining for each in self.approved)


def read_enforced_budgets(
    budgets: Sequence[Budget],
    at: datetime,
    *,
    windows: EnforcedWindows,
    limits: RaisedLimits,
    tenants: Collection[str] = (ANY_TENANT,),
) -> list[BudgetStanding]:
    """The enforced ones that concern those tenants; a window without any use is whole."""
    zero = Money.zero()
    usable = limits.usable((budget.id for budget in budgets if budget.enforced), at)
    found = []
    for budget in _concerning(budgets, tenants):
        if budget.enforced:
            period = budget.window_at(at)
            balance = windows.balance(BudgetWindow(budget.id, period.start))
            whole = WindowBalance(budget.limit, zero, zero, budget.limit)
            approved = tuple(usable.get(budget.id, ()))
            found.append(BudgetStanding(budget, period, balance or whole, at, approved))
    return found


def read_watched_budgets(
    budgets: Sequence[Budget],
    at: datetime,
    *,
    states: BudgetStore,
    limits: RaisedLimits,
    tenants: Collection[str] = (ANY_TENANT,),
) -> list[BudgetStanding]:
    """The others, as they were last checked; before that, as a window begins: nothing spent."""
    zero = Money.zero()
    limits = limits.of_one_run()
    found = []
    for budget in _concerning(budgets, tenants):
        if not budget.enforced:
            period = budget.window_at(at)
            state = states.state(budget.id, period)
            spent, as_of = (state.spent, state.as_of) if state else (zero, period.start)
            limit = limits.raised(budget, period, at).budget.limit
            balance = WindowBalance(limit, spent, zero, limit - spent)
            found.append(BudgetStanding(budget, period, balance, as_of))
    return found


def _concerning(budgets: Sequence[Budget], tenants: Collection[str]) -> Iterator[Budget]:
    for budget in budgets:
        tenant = budget.scope.get(Dimension.TENANT)
        if ANY_TENANT in tenants or tenant is None or tenant in tenants:
            yield budget
