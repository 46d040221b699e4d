"""Limits with what approved exceptions raise them by, as they are read, shown and compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from bursar.domain.budgets import Budget
from bursar.domain.figures import Figures
from bursar.domain.governance import consumption
from bursar.domain.governance.consumption import Allowance, raised_by
from bursar.domain.governance.raises import RaisedBudgets
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.scopes import Dimension
from bursar.ports import Allowances

_TRIES = 5

Usable = Mapping[str, list[Allowance]]  # by the id of the budget that they raise


class RaisedBudget(NamedTuple):
    """What was approved is in the limit. `used_up`: only what was used of it is."""

    budget: Budget
    used_up: bool = False


@dataclass(frozen=True, slots=True)
class RaisedLimits:
    """What is approved, and which budget that raises."""

    allowances: Allowances
    budgets: RaisedBudgets

    def of_one_run(self) -> RaisedLimits:
        """The same, asking once for the list of each time; what it lists is still read anew."""
        return RaisedLimits(_ListedOnce(self.allowances, {}), self.budgets)

    def usable(
        self,
        budgets: Iterable[str],
        at: datetime,
        facts: Mapping[Dimension, str] | None = None,
    ) -> Usable:
        """Those of which something is left for the budgets, soonest end first.

        Args:
            facts: of a request; only exceptions that were granted for all of it are of use.
        """
        listed = [
            each
            for each in self.allowances.ending_after(at)
            if facts is None or each.scope.covers(facts)
        ]
        found = {}
        for budget in sorted(set(budgets)) if listed else ():
            usable = [
                each
                for each in self._read(self.budgets.raising(budget, listed))
                if each.usable(at) and each.budget in (None, budget)
            ]
            if usable:
                found[budget] = usable
        return found

    def raised(self, budget: Budget, window: Window, at: datetime) -> RaisedBudget:
        """The budget as it is to be compared with what a window has cost."""
        own, ended = BudgetWindow(budget.id, window.start), at >= window.end
        current = BudgetWindow(budget.id, budget.window_at(at).start)
        raising = self._raising(budget, window)
        used = Money.sum(each.consumed.get(own, Money.zero()) for each in raising)
        more = Money.sum(raised_by(each, own, current, at) for each in raising)
        raised = budget.model_copy(update={"limit": budget.limit + more})
        return RaisedBudget(raised, bool(raising) and more == used and (bool(used) or ended))

    def cover(self, budget: Budget, window: Window, figures: Figures) -> None:
        """Use exceptions for what a window of a watched budget has cost beyond its limit.

        An enforced budget's windows are covered where their money is kept.
        """
        if budget.enforced or figures.spent <= budget.limit:
            return
        own, zero = BudgetWindow(budget.id, window.start), Money.zero()
        raising = self._raising(budget, window)
        used = Money.sum(each.consumed.get(own, zero) for each in raising)
        over = figures.spent - budget.limit - used
        for each in raising:
            if over > zero:
                over -= self._cover(each, over, own, figures.as_of)

    def _cover(
        self, old: Allowance | None, over: Money, window: BudgetWindow, as_of: datetime
    ) -> Money:
        for _ in range(_TRIES):
            if old is None:
                break
            new = consumption.cover(old, over, window, as_of)
            zero = Money.zero()
            if new == old:
                break
            if self.allowances.replace(old, new):
                return new.consumed.get(window, zero) - old.consumed.get(window, zero)
            old = self.allowances.allowance(old.exception)
        return Money.zero()

    def _raising(self, budget: Budget, window: Window) -> list[Allowance]:
        """Those that can, or could, be used in the window."""
        listed = self.allowances.ending_after(window.start)
        read = self._read(self.budgets.raising(budget.id, listed))
        return [each for each in read if each.since < window.end]

    def _read(self, listed: Iterable[Allowance]) -> Iterable[Allowance]:
        """As they are now: a list may lag behind."""
        read = (self.allowances.allowance(each.exception) for each in listed)
        return [each for each in read if each is not None]


@dataclass(frozen=True, slots=True)
class _ListedOnce:
    """What is listed may lag behind anyway; it is not asked for again and again."""

    allowances: Allowances
    listed: dict[datetime, Sequence[Allowance]]

    def allowance(self, exception_id: str) -> Allowance | None:
        return self.allowances.allowance(exception_id)

    def ending_after(self, at: datetime) -> Sequence[Allowance]:
        if at not in self.listed:
            self.listed[at] = self.allowances.ending_after(at)
        return self.listed[at]

    def replace(self, old: Allowance, new: Allowance) -> bool:
        return self.allowances.replace(old, new)
