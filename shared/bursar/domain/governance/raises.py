"""Raises: which budget an approved exception raises, and which ones hold on beside it.

It raises one, of those that hold all of its scope: the one that names most of what the scope
names; of several, the narrowest, then the one of the longest period. Every other budget refuses
as before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from bursar.domain.budgets import Budget
from bursar.domain.governance.consumption import Allowance
from bursar.domain.periods import Period
from bursar.domain.scopes import Dimension, Scope

Facts = Mapping[Dimension, str]
_LONGEST = {period: n for n, period in enumerate(Period)}


class RaisedBudgets:
    """Args:
    budgets: all that are configured, enforced or watched.
    facts: what follows from a scope, such as its organisation, with its own pairs.
    requests: policies about single requests: an exception to one raises no budget.
    """

    def __init__(
        self,
        budgets: Sequence[Budget],
        facts: Callable[[Scope], Facts],
        requests: Collection[str] = (),
    ) -> None:
        self._budgets, self.facts, self._requests = budgets, facts, requests

    def budget(self, policy: str, scope: Scope) -> Budget | None:
        """The one that an exception to this policy raises, if one holds all of its scope."""
        if policy in self._requests:
            return None
        return min(self._holding(scope), key=lambda each: _distance(each, scope), default=None)

    def raising(self, budget_id: str, allowances: Iterable[Allowance]) -> list[Allowance]:
        """Those that raise this budget; what ends first is used first."""
        found = []
        for each in allowances:
            budget = self.budget(each.policy, each.scope)
            if budget is not None and budget.id == budget_id:
                found.append(each)
        return sorted(found, key=lambda each: (each.until, each.exception))

    def _holding(self, scope: Scope) -> list[Budget]:
        facts = self.facts(scope)
        return [each for each in self._budgets if each.scope.covers(facts)]


def _distance(budget: Budget, scope: Scope) -> tuple[int, int, int, str]:
    named = budget.scope.dimensions & scope.dimensions
    return -len(named), -len(budget.scope.dimensions), -_LONGEST[budget.period], budget.id
