"""How the budgets stand that an exception would be spent of: what people see before they sign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bursar.domain.budgets import Budget
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.money import Money
from bursar.domain.periods import DAY, Window, midnight
from bursar.domain.scopes import Dimension
from bursar.domain.spend_forecast.records import SpendForecast, series_of
from bursar.jobs.raised_limits import RaisedLimits
from bursar.ports import BudgetStore, EnforcedWindows, ForecastStore

_FORECASTS_HOLD = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class TouchedBudget:
    """`spent` is None where nothing has been seen of the window yet; `as_of` says until when.

    `projected` is what the window would come to as it goes on; only an enforced budget knows
    what is `reserved`, and always what it has spent. `forecast` is of the calendar month.
    """

    budget: Budget
    window: Window
    limit: Money
    spent: Money | None
    reserved: Money
    as_of: datetime | None
    projected: Money | None
    forecast: SpendForecast | None

    @property
    def available(self) -> Money | None:
        return None if self.spent is None else self.limit - self.spent - self.reserved


def read_touched_budgets(
    facts: Mapping[Dimension, str],
    budgets: Sequence[Budget],
    at: datetime,
    *,
    windows: EnforcedWindows,
    states: BudgetStore,
    forecasts: ForecastStore,
    limits: RaisedLimits,
) -> list[TouchedBudget]:
    """Those whose scope holds all that is asked for, as the configuration has them.

    What was approved before is in their limits.
    """
    found = []
    touched = [each for each in budgets if each.scope.covers(facts)]
    usable = limits.usable((each.id for each in touched if each.enforced), at)
    for budget in touched:
        window = budget.window_at(at)
        state = states.state(budget.id, window)
        limit, reserved = budget.limit, Money.zero()
        spent = state.spent if state else None
        if budget.enforced:
            spent = Money.zero()
            if balance := windows.balance(BudgetWindow(budget.id, window.start)):
                limit, spent, reserved = balance.limit, balance.spent, balance.reserved
            limit += Money.sum(each.remaining for each in usable.get(budget.id, ()))
        else:
            limit = limits.raised(budget, window, at).budget.limit
        found.append(
            TouchedBudget(
                budget=budget,
                window=window,
                limit=limit,
                spent=spent,
                reserved=reserved,
                as_of=at if budget.enforced else state.as_of if state else None,
                projected=state.projected if state else None,
                forecast=_forecast(budget, at, forecasts),
            )
        )
    return found


def _forecast(budget: Budget, at: datetime, forecasts: ForecastStore) -> SpendForecast | None:
    made = forecasts.latest(series_of(budget), at.date())
    holds = made is not None and midnight(made.day) >= at - _FORECASTS_HOLD - DAY
    return made if holds else None
