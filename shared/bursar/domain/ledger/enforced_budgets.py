"""Which windows of enforced budgets an entry is charged to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bursar.domain.budgets import Budget
from bursar.domain.ledger.entries import Entry, Pricing
from bursar.domain.ledger.lines import CostCategory
from bursar.domain.ledger.postings import BudgetWindow
from bursar.domain.money import Money
from bursar.domain.periods import window_of
from bursar.domain.scopes import Dimension


class EnforcedBudgets:
    """The budgets that are enforced while usage is posted.

    Args:
        budgets: those to enforce; a billed one covers no entry.
        organisation: that of the configuration.
        team_of: the team of a tenant, or "" where it has none.
    """

    def __init__(
        self, budgets: Sequence[Budget], organisation: str, team_of: Callable[[str], str]
    ) -> None:
        self._budgets = {budget.id: budget for budget in budgets}
        self._organisation = organisation
        self._team_of = team_of

    def windows(self, entry: Entry) -> list[BudgetWindow]:
        """The window of each budget that covers the entry, by the time that it is counted at.

        Only priced usage is charged: what a self-hosted model costs is in the cluster's costs,
        and a shadow entry is billed elsewhere.
        """
        if entry.key.pricing is not Pricing.PRICED or entry.key.shadow:
            return []
        facts = self._facts(entry)
        at = entry.key.hour if entry.key.adjusts else entry.at
        return [
            BudgetWindow(
                budget.id,
                window_of(budget.period, at, budget.zone, first_month=budget.first_month).start,
            )
            for budget in self._budgets.values()
            if budget.scope.covers(facts)
        ]

    def limit(self, window: BudgetWindow) -> Money:
        return self._budgets[window.budget_id].limit

    def _facts(self, entry: Entry) -> dict[Dimension, str]:
        return {
            Dimension.ORG: self._organisation,
            Dimension.TENANT: entry.key.tenant,
            Dimension.TEAM: self._team_of(entry.key.tenant),
            Dimension.MODEL: entry.key.model,
            Dimension.FEATURE: entry.key.feature,
            Dimension.PROVIDER: entry.key.provider,
            Dimension.KEY: entry.key.key,
            Dimension.CATEGORY: CostCategory.EXTERNAL_API,
        }
