"""Foresee what the month of every series will come to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from bursar.config import Config
from bursar.domain.spend_forecast.month_end import month_end
from bursar.events.series import SeriesRun
from bursar.jobs.read_series import BookRead
from bursar.ports import ForecastStore, SpendStore, StatementStore


@dataclass(frozen=True, slots=True)
class ForecastSpend:
    """What one run did: the last whole day it knew, and how many series are too young."""

    day: date | None
    series: int
    too_young: int


def forecast_spend(
    run: SeriesRun,
    config: Config,
    *,
    statements: StatementStore,
    spend: SpendStore,
    forecasts: ForecastStore,
) -> ForecastSpend:
    """Forecast the run's book, and keep it. Again gives the same, or what was restated since."""
    if not config.forecast.enabled:
        return ForecastSpend(None, 0, 0)
    return forecast_read(BookRead(run, config, statements, spend), run, config, forecasts)


def forecast_read(
    read: BookRead, run: SeriesRun, config: Config, forecasts: ForecastStore
) -> ForecastSpend:
    """Forecast a book that has been read."""
    found = month_end(read.amounts, run.scheduled_at, fewest_days=config.forecast.fewest_days)
    forecasts.put(found)
    return ForecastSpend(
        day=found[0].day if found else None,
        series=len(found),
        too_young=sum(each.outcome is None for each in found),
    )
