"""Gather the month's cost report from what Bursar has kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bursar.config import Config
from bursar.domain.alerts import OutboxRow
from bursar.domain.books import Book
from bursar.domain.cost_report import (
    BudgetReading,
    CostReport,
    SourceReading,
    build_report,
    chart_window,
)
from bursar.domain.figures import Outlook
from bursar.domain.health import SourceHealth
from bursar.domain.periods import month_of
from bursar.domain.prices import PriceChange
from bursar.domain.quality import Quality
from bursar.domain.scopes import Dimension
from bursar.domain.series.names import SeriesName
from bursar.jobs.check_budgets import Books, latest_outlook
from bursar.jobs.check_health import OWN_NOTES, expected_sources
from bursar.ports import (
    BudgetStore,
    CostHistory,
    ForecastStore,
    HealthLog,
    SpendStore,
    StatementStore,
)


def gather_report(
    config: Config,
    now: datetime,
    *,
    history: CostHistory,
    statements: StatementStore,
    spend: SpendStore,
    budgets: BudgetStore,
    outbox_rows: Sequence[OutboxRow],
    health: HealthLog,
    price_changes: Sequence[PriceChange] = (),
    forecasts: ForecastStore | None = None,
) -> CostReport:
    """The report of the UTC month that holds `now`; it reads, and writes nothing."""
    month = month_of(now)
    window = chart_window(month, now)
    books = Books(config, history, statements, spend, forecasts)
    readings = []
    for budget in config.budgets:
        span = budget.window_at(now)
        state = budgets.state(budget.id, span)
        held = budget.model_copy(update={"limit": state.limit}) if state else budget
        readings.append(BudgetReading(held, span, books.figures(budget, span), state))
    return build_report(
        config.organisation,
        now,
        {each.name: history.days(each.name, window) for each in config.clusters},
        month=month,
        budgets=readings,
        alerts=outbox_rows,
        sources=_sources(config, health, now),
        price_changes=price_changes,
        outlooks=_outlooks(config, forecasts, now) if forecasts else {},
    )


def _outlooks(config: Config, forecasts: ForecastStore, now: datetime) -> dict[str, Outlook]:
    """What was foreseen lately of each cluster: its closed hours are the ledger's."""
    found = {}
    for cluster in config.clusters:
        series = SeriesName(Book.LEDGER, f"{Dimension.CLUSTER}={cluster.name}")
        if outlook := latest_outlook(forecasts, series, now):
            found[cluster.name] = outlook
    return found


def _sources(config: Config, health: HealthLog, now: datetime) -> list[SourceReading]:
    """Every source that should be heard, and any other that was: silence is shown too."""
    rows = (each for each in health.all() if not each.source.startswith(OWN_NOTES))
    heard = {each.source: each for each in rows}
    patience = expected_sources(config)
    return [
        SourceReading(heard.get(source) or _never_heard(source, now), patience.get(source))
        for source in sorted(heard.keys() | patience.keys())
    ]


def _never_heard(source: str, now: datetime) -> SourceHealth:
    return SourceHealth(
        source=source, at=now, quality=Quality.UNKNOWN, good_at=None, detail="never heard"
    )
