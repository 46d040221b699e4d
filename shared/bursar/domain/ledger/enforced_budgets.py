"""Which windows of enforced budgets an entry is charged to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from bursar.domain.admission.reservations import Closing, Reservation
from bursar.domain.budgets import Budget
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.ledger.entries import Entry, Pricing
from bursar.domain.ledger.lines import CostCategory
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.scopes import Dimension

MOST_WINDOWS = 90  # the rest of a transaction is for the reservation and its entry


class UnreservableScopeError(ValueError):
    """A request that no reservation can be made for."""


class ForeignScopeError(UnreservableScopeError):
    """A scope names another organisation, or another team than its tenant's."""


class TooManyWindowsError(UnreservableScopeError):
    """More windows cover the request's life than one transaction takes: ask for a shorter one."""


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
        return self.windows_at(self._facts(entry), _counted_at(entry))

    def windows_at(self, facts: Mapping[Dimension, str], at: datetime) -> list[BudgetWindow]:
        """The window of that time of each budget that covers the facts."""
        return [
            BudgetWindow(budget.id, budget.window_at(at).start)
            for budget in self._budgets.values()
            if budget.scope.covers(facts)
        ]

    def windows_during(self, facts: Mapping[Dimension, str], life: Window) -> list[BudgetWindow]:
        """Every window that a part of the life lies in: nobody knows yet when it is spent.

        Raises:
            TooManyWindowsError: there are more than 90.
        """
        found = []
        for budget in self._budgets.values():
            if budget.scope.covers(facts):
                period = budget.window_at(life.start)
                found.append(BudgetWindow(budget.id, period.start))
                while period.end < life.end:
                    period = budget.window_at(period.end)
                    found.append(BudgetWindow(budget.id, period.start))
        if len(found) > MOST_WINDOWS:
            raise TooManyWindowsError(f"{len(found)} windows would have to be held")
        return found

    def closing(self, reservation: Reservation, entry: Entry) -> Closing:
        """How an entry closes its reservation: it is charged to the windows of its own time.

        What the usage names counts, and what only the reservation names, such as a namespace.
        """
        told = {name: value for name, value in self._facts(entry).items() if value}
        if entry.key.pricing is not Pricing.PRICED:
            told.pop(Dimension.CATEGORY)
        facts = {**reservation.facts, **told}
        spent = entry.amounts.usd
        if entry.key.shadow or not spent:
            return Closing(reservation)
        windows = self.windows_at(facts, _counted_at(entry))
        return Closing(reservation, dict.fromkeys(windows, spent))

    def facts(self, named: Mapping[Dimension, str]) -> dict[Dimension, str]:
        """A request's dimensions with those that follow from them.

        Raises:
            ForeignScopeError: what is named contradicts what follows.
        """
        team = self._team_of(named.get(Dimension.TENANT, ""))
        follows = {Dimension.ORG: self._organisation} | ({Dimension.TEAM: team} if team else {})
        for name, value in follows.items():
            if named.get(name, value) != value:
                raise ForeignScopeError(f"{name} is {value!r}, not {named[name]!r}")
        return {Dimension.CATEGORY: CostCategory.EXTERNAL_API, **named, **follows}

    def current_windows(self, at: datetime) -> list[BudgetWindow]:
        """The window of that time of each budget."""
        return [
            BudgetWindow(budget.id, budget.window_at(at).start)
            for budget in self._budgets.values()
        ]

    def windows_due(self, at: datetime) -> list[BudgetWindow]:
        """The window of that time and the next one of each budget: those to be open by now."""
        found = []
        for budget in self._budgets.values():
            period = budget.window_at(at)
            found += [BudgetWindow(budget.id, start) for start in (period.start, period.end)]
        return found

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


def _counted_at(entry: Entry) -> datetime:
    return entry.key.hour if entry.key.adjusts else entry.at
