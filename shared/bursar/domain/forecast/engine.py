"""The forecast of a table of series: in chunks, each by the method that fits its season."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from bursar.domain.forecast.history import Floats, read_history, seen_in
from bursar.domain.forecast.intervals import Bands, bands, past_spread, smoothing_spread
from bursar.domain.forecast.lag_averages import forecast_by_lags, needed_width
from bursar.domain.forecast.levels import one_step_errors, profile_candidates
from bursar.domain.forecast.profile import rolling_profile
from bursar.domain.forecast.selection import choose, means_ahead, past_origins
from bursar.domain.forecast.spikes import WINDOW, tame_spikes
from bursar.domain.forecast.trends import trend_candidates

ROWS_AT_ONCE = 256  # for the sake of memory
HOURLY_ROWS_AT_ONCE = 64
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
    """Forecast the next `horizon` periods of each row of `values` [n, T], oldest first.

    `season` is the number of periods in a cycle: 7 for days, 24 for hours, 1 for none. A series
    shorter than T starts with NaN. NaN inside, an infinity or a number beyond 1e200 is missing,
    which is not zero: it is taken from the cycle before. A row with nothing in the periods that
    are looked at (400 days or weeks, 8 weeks of hours and the horizon) has NaN throughout; every
    other row has numbers, from one value on. Each row is forecast by itself, whatever stands
    beside it.

    Raises `ForecastInputError`.
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2:
        raise ForecastInputError("values must have two dimensions: series and periods")
    if horizon < 1 or season < 1:
        raise ForecastInputError("horizon and season must be 1 or more")
    table = table[:, -_memory(horizon, season) :]
    mean = np.full((len(table), horizon), np.nan)
    half80, half95 = np.full(len(table), np.nan), np.full(len(table), np.nan)
    hourly = season == HOURS_A_DAY
    method, at_once = (
        (forecast_by_lags, HOURLY_ROWS_AT_ONCE) if hourly else (forecast_by_levels, ROWS_AT_ONCE)
    )
    for first in range(0, len(table), at_once):
        chunk = table[first : first + at_once]
        rows = first + np.flatnonzero(seen_in(chunk).any(axis=1))
        if len(rows):
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


def _memory(horizon: int, season: int) -> int:
    """How many of the last periods are looked at."""
    if season == HOURS_A_DAY:
        return needed_width(horizon, season)
    return max(MEMORY_PERIODS, MEMORY_CYCLES * season)


def forecast_by_levels(values: Floats, horizon: int, season: int) -> tuple[Floats, Bands]:
    """Of series that each have a value: the paths [n, horizon] and the bands of their totals."""
    history = read_history(values, season, width=_room(values, season))
    calm = tame_spikes(history, season)
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


def _room(values: Floats, season: int) -> int:
    """Periods to compute with: the longest series in whole cycles, and some before its start."""
    longest = values.shape[1] - int(np.argmax(seen_in(values).any(axis=0)))
    cycles = -(-longest // season) + -(-WINDOW // season)
    return int(cycles * season)
