"""Compare every budget with what its scope has cost, and tell its owner what is new."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bursar.config import Cluster, Config
from bursar.domain.alerts import Alert, OutboxRow
from bursar.domain.budget_checks import Figures, assess
from bursar.domain.budget_figures import Part, billed, metered, parts_of
from bursar.domain.budgets import Book, Budget, BudgetState
from bursar.domain.periods import Window, window_of
from bursar.domain.scopes import Dimension
from bursar.domain.spend import Metric, SpendFact
from bursar.ports import BudgetStore, CostHistory, SpendStore

_TRIES = 5


class BudgetContentionError(Exception):
    """Others kept changing one budget's state for all of our tries; the next run tries again."""


def check_budgets(
    config: Config,
    now: datetime,
    *,
    history: CostHistory,
    spend: SpendStore,
    budgets: BudgetStore,
) -> list[Alert]:
    """Assess the windows that hold `now`, and the alerts that were raised.

    A budget whose scope nobody has seen keeps its state: no data is not zero.
    """
    raised: list[Alert] = []
    for budget in config.budgets:
        window = current_window(budget, now)
        if figures := figures_of(config, budget, window, history=history, spend=spend):
            raised += _commit(budget, window, figures, now, budgets)
    return raised


def current_window(budget: Budget, now: datetime) -> Window:
    return window_of(budget.period, now, budget.zone, first_month=budget.first_month)


def figures_of(
    config: Config, budget: Budget, window: Window, *, history: CostHistory, spend: SpendStore
) -> Figures | None:
    if budget.book is Book.BILLED:
        return billed(budget.scope, _reported(config, window, spend))
    wanted = budget.scope.get(Dimension.CLUSTER)
    clusters = [
        (_dimensions(config, cluster), _parts(cluster, window, history))
        for cluster in config.clusters
        if wanted in (None, cluster.name)
    ]
    return metered(budget.scope, clusters)


def _reported(config: Config, window: Window, spend: SpendStore) -> Sequence[SpendFact]:
    first = window.start.astimezone(UTC).date()
    last = (window.end - timedelta(microseconds=1)).astimezone(UTC).date()
    return spend.latest(config.account, Metric.UNBLENDED, first, last)


def _dimensions(config: Config, cluster: Cluster) -> dict[Dimension, str]:
    return {
        Dimension.ORG: config.organisation,
        Dimension.ACCOUNT: config.account_of(cluster),
        Dimension.CLUSTER: cluster.name,
    }


def _parts(cluster: Cluster, window: Window, history: CostHistory) -> list[Part]:
    return parts_of(
        window,
        days=lambda span: history.days(cluster.name, span),
        hours=lambda span: history.hours(cluster.name, span),
    )


def _commit(
    budget: Budget, window: Window, figures: Figures, now: datetime, budgets: BudgetStore
) -> tuple[Alert, ...]:
    for _ in range(_TRIES):
        old: BudgetState | None = budgets.state(budget.id, window)
        found = assess(budget, window, figures, old, now)
        rows = [OutboxRow(alert=alert, due_at=now) for alert in found.alerts]
        if budgets.commit(old, found.state, rows):
            return found.alerts
    raise BudgetContentionError(budget.id)
