"""Compare every budget with what its scope has cost, and tell its owner what is new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bursar.config import Config
from bursar.config.clusters import Cluster
from bursar.domain.alerts import Alert, OutboxRow
from bursar.domain.books import Book, News
from bursar.domain.budget_checks import assess
from bursar.domain.budget_figures import Part, billed, metered, parts_of
from bursar.domain.budgets import Budget, BudgetState
from bursar.domain.figures import Figures, Outlook
from bursar.domain.ledger.budget_figures import StatedPart, stated, stated_parts
from bursar.domain.periods import SECOND, Window, midnight
from bursar.domain.scopes import Dimension
from bursar.domain.series.names import SeriesName
from bursar.domain.spend import Metric, SpendFact
from bursar.domain.spend_forecast.records import series_of
from bursar.jobs.raised_limits import RaisedBudget, RaisedLimits
from bursar.ports import BudgetStore, CostHistory, ForecastStore, SpendStore, StatementStore

_TRIES = 5
_COSTS_STILL_COME = timedelta(days=2)  # after the end of a window
_FORECASTS_HOLD = timedelta(days=7)


class BudgetContentionError(Exception):
    """Others kept changing one budget's state for all of our tries; the next run tries again."""


def check_budgets(
    config: Config,
    now: datetime,
    *,
    news: News,
    history: CostHistory,
    statements: StatementStore,
    spend: SpendStore,
    budgets: BudgetStore,
    forecasts: ForecastStore | None = None,
    limits: RaisedLimits | None = None,
) -> list[Alert]:
    """Assess the budgets that something new was heard for; the alerts that were raised.

    What an approved exception raises a limit by is no news.
    A budget whose scope nobody has seen keeps its state: no data is not zero.
    """
    raised: list[Alert] = []
    books = Books(config, history, statements, spend, forecasts)
    limits = limits and limits.of_one_run()
    for budget in config.budgets:
        if not _is_for(budget, news):
            continue
        for window in windows_due(budget, now):
            if figures := books.figures(budget, window):
                of = _with_exceptions(budget, window, figures, now, limits)
                raised += _commit(of, window, figures, now, budgets)
    return raised


def _with_exceptions(
    budget: Budget, window: Window, figures: Figures, now: datetime, limits: RaisedLimits | None
) -> RaisedBudget:
    if limits is None:
        return RaisedBudget(budget)
    limits.cover(budget, window, figures)
    return limits.raised(budget, window, now)


def _is_for(budget: Budget, news: News) -> bool:
    """A book's news is for its budgets; a cluster's, for those that it can count in."""
    of_it = news.cluster is None or budget.scope.get(Dimension.CLUSTER) in (None, news.cluster)
    return budget.book is news.book and of_it


def windows_due(budget: Budget, now: datetime) -> list[Window]:
    """The window that holds `now`, after those that ended so lately that costs still come in.

    The last hour of a month closes in the next one, and its last day is billed there.
    """
    windows = [budget.window_at(now)]
    while windows[0].start > now - _COSTS_STILL_COME:
        windows.insert(0, budget.window_at(windows[0].start - SECOND))
    return windows


def latest_outlook(
    forecasts: ForecastStore, series: SeriesName, as_of: datetime
) -> Outlook | None:
    """What was foreseen of a series in the week before; None when nothing was."""
    made = forecasts.latest(series, as_of.date())
    if made is None or midnight(made.day) < as_of - _FORECASTS_HOLD:
        return None
    return made.outlook


class Books:
    """The books for one run: budgets of the same window read it once between them."""

    def __init__(
        self,
        config: Config,
        history: CostHistory,
        statements: StatementStore,
        spend: SpendStore,
        forecasts: ForecastStore | None = None,
    ) -> None:
        self._config, self._history, self._spend = config, history, spend
        self._statements, self._forecasts = statements, forecasts
        self._parts: dict[tuple[str, Window], list[Part]] = {}
        self._stated: dict[Window, list[StatedPart]] = {}
        self._facts: dict[Window, Sequence[SpendFact]] = {}

    def figures(self, budget: Budget, window: Window) -> Figures | None:
        """What the budget's scope has cost in the window, and what is foreseen of it; None when
        nobody has seen any of it."""
        figures = self._counted(budget, window)
        if figures is None or self._forecasts is None:
            return figures
        outlook = latest_outlook(self._forecasts, series_of(budget), figures.as_of)
        return replace(figures, outlook=outlook) if outlook else figures

    def _counted(self, budget: Budget, window: Window) -> Figures | None:
        if budget.book is Book.BILLED:
            return billed(budget.scope, self._reported(window), window)
        if budget.book is Book.LEDGER:
            return stated(budget.scope, self._everywhere, self._lines(window))
        wanted = budget.scope.get(Dimension.CLUSTER)
        clusters = [
            (self._dimensions(cluster), self._closed(cluster.name, window))
            for cluster in self._config.clusters
            if wanted in (None, cluster.name)
        ]
        return metered(budget.scope, clusters)

    def _dimensions(self, cluster: Cluster) -> dict[Dimension, str]:
        return {
            Dimension.ORG: self._config.organisation,
            Dimension.ACCOUNT: self._config.account_of(cluster),
            Dimension.CLUSTER: cluster.name,
        }

    def _closed(self, cluster: str, window: Window) -> list[Part]:
        key = (cluster, window)
        if key not in self._parts:
            self._parts[key] = parts_of(
                window,
                days=lambda span: self._history.days(cluster, span),
                hours=lambda span: self._history.hours(cluster, span),
            )
        return self._parts[key]

    @property
    def _everywhere(self) -> dict[Dimension, str]:
        return {
            Dimension.ORG: self._config.organisation,
            Dimension.ACCOUNT: self._config.account,
        }

    def _lines(self, window: Window) -> list[StatedPart]:
        if window not in self._stated:
            self._stated[window] = stated_parts(
                window, self._statements.days, self._statements.hours
            )
        return self._stated[window]

    def _reported(self, window: Window) -> Sequence[SpendFact]:
        if window not in self._facts:
            first = window.start.astimezone(UTC).date()
            last = (window.end - timedelta(microseconds=1)).astimezone(UTC).date()
            account = self._config.account
            self._facts[window] = self._spend.latest(account, Metric.UNBLENDED, first, last)
        return self._facts[window]


def _commit(
    raised: RaisedBudget, window: Window, figures: Figures, now: datetime, budgets: BudgetStore
) -> tuple[Alert, ...]:
    budget = raised.budget
    for _ in range(_TRIES):
        old: BudgetState | None = budgets.state(budget.id, window)
        found = assess(budget, window, figures, old, now, used_up=raised.used_up)
        rows = [OutboxRow(alert=alert, due_at=now) for alert in found.alerts]
        if old and not rows and old == found.state.model_copy(update={"version": old.version}):
            return ()  # of a window that has ended, or a bill that says the same
        if budgets.commit(old, found.state, rows):
            return found.alerts
    raise BudgetContentionError(budget.id)
