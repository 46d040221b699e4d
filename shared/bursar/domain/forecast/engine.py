"""The forecast of a table of series: in chunks, each by the method that fits its season."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from bursar.domain.forecast.history import LARGEST, Floats, read_history
from bursar.domain.forecast.intervals import Bands, bands, past_spread, smoothing_spread
from bursar.domain.forecast.lag_averages import forecast_by_lags
from bursar.domain.forecast.levels import one_step_errors, profile_candidates
from bursar.domain.forecast.profile import rolling_profile
from bursar.domain.forecast.selection import choose, means_ahead, past_origins
from bursar.domain.forecast.spikes import WINDOW, tame_spikes
from bursar.domain.forecast.trends import trend_candidates

ROWS_AT_ONCE = 256
HOURS_A_DAY = 24
MEMORY_PERIODS = 400  # of history that is looked at
MEMORY_CYCLES = 20


class ForecastInputError(ValueError):
    """The values are no table of numbers, or horizon or season is not a positive whole number."""


class Forecast(TypedDict):
    """`mean` [n, horizon] in the unit of the series; the rest [n] are of its sum."""

    mean: Floats
    total: Floats
    lo80: Floats
    hi80: Floats
    lo95: Floats
    hi95: Floats


def forecast(values: Floats, horizon: int, season: int) -> Forecast:
    """Forecast the next `horizon` periods of each row of `values` [n, T], oldest first."""
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2:
        raise ForecastInputError("values must have two dimensions: series and periods")
    if horizon < 1 or season < 1:
        raise ForecastInputError("horizon and season must be 1 or more")
    mean = np.full((len(table), horizon), np.nan)
    half80, half95 = np.full(len(table), np.nan), np.full(len(table), np.nan)
    for first in range(0, len(table), ROWS_AT_ONCE):
        chunk = table[first : first + ROWS_AT_ONCE]
        rows = first + np.flatnonzero(_seen(chunk).any(axis=1))
        if len(rows):
            method = forecast_by_lags if season == HOURS_A_DAY else forecast_by_levels
            mean[rows], band = method(table[rows], horizon, season)
            half80[rows], half95[rows] = band.half80, band.half95
    total = mean.sum(axis=1)
    return Forecast(
        mean=mean,
        total=total,
        lo80=total - half80,
        hi80=total + half80,
        lo95=total - half95,
        hi95=total + half95,
    )


def _seen(values: Floats) -> np.ndarray:
    return np.isfinite(values) & (np.abs(np.nan_to_num(values)) <= LARGEST)


def _width(values: Floats, season: int) -> int:
    """Periods to look at: what the longest series has, in whole cycles, and room before it."""
    longest = values.shape[1] - int(np.argmax(_seen(values).any(axis=0)))
    memory = max(MEMORY_PERIODS, MEMORY_CYCLES * season)
    cycles = -(-min(longest, memory) // season) + -(-WINDOW // season)
    return cycles * season


def forecast_by_levels(values: Floats, horizon: int, season: int) -> tuple[Floats, Bands]:
    """Of series that each have a value: the paths [n, horizon] and the bands of their totals."""
    history = read_history(values, season, width=_width(values, season))
    calm = tame_spikes(history, rolling_profile(history, season), season)
    profile = rolling_profile(calm, season)
    origins = past_origins(history.width, horizon, first=season)
    now = np.append(origins, history.width - 1)
    candidates = (
        trend_candidates(calm, now, horizon)
        if season == 1
        else profile_candidates(calm, now, horizon, season)
    )
    choice = choose(candidates, calm, origins, horizon, warm_up=2 * season)
    path = np.einsum("ng,ngh->nh", choice.weights, candidates.paths)
    gain = choice.weights @ candidates.gains
    foreseen = np.einsum("nog,ng->no", candidates.past, choice.weights)
    one_step = one_step_errors(history, profile, gain, season)
    band = bands(
        theory=smoothing_spread(one_step, history.lengths - max(season, 2), gain, horizon),
        past=past_spread(means_ahead(history, origins, horizon) - foreseen, choice.recency),
        evidence=choice.evidence,
        mean=path.mean(axis=1),
    )
    return path * history.scale[:, None], band.times(horizon * np.abs(history.scale))
