"""Every day, for one book: what the month of each of its series will come to."""

from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.series import SeriesRun
from bursar.jobs.forecast_spend import forecast_spend
from bursar.settings import ForecastSpendSettings
from bursar.wiring import Ports


@entrypoint(SeriesRun.model_validate, ForecastSpendSettings)
def handler(run: SeriesRun, ports: Ports) -> dict[str, Any]:
    done = forecast_spend(
        run,
        ports.config,
        statements=ports.statements,
        spend=ports.spend,
        forecasts=ports.forecasts,
    )
    day = done.day.isoformat() if done.day else None
    return {"book": run.book, "day": day, "series": done.series, "too_young": done.too_young}
