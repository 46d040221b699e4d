"""Read how enforced budgets stand in their current windows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from bursar.domain.budgets import Budget
from bursar.domain.ledger.enforced_budgets import period_of
from bursar.domain.ledger.postings import BudgetWindow, WindowBalance
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.scopes import Dimension
from bursar.domain.usage.producers import ANY_TENANT
from bursar.ports import EnforcedWindows


@dataclass(frozen=True, slots=True)
class BudgetStanding:
    budget: Budget
    window: Window
    balance: WindowBalance


def read_budgets(
    budgets: Sequence[Budget],
    at: datetime,
    *,
    windows: EnforcedWindows,
    tenants: Collection[str] = (ANY_TENANT,),
) -> list[BudgetStanding]:
    """The enforced ones that concern those tenants; a window without any use is whole."""
    zero = Money.zero()
    found = []
    for budget in budgets:
        tenant = budget.scope.get(Dimension.TENANT)
        known = ANY_TENANT in tenants or tenant is None or tenant in tenants
        if budget.enforced and known:
            period = period_of(budget, at)
            balance = windows.balance(BudgetWindow(budget.id, period.start))
            whole = WindowBalance(budget.limit, zero, zero, budget.limit)
            found.append(BudgetStanding(budget, period, balance or whole))
    return found
