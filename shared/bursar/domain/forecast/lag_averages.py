"""Forecasts of hourly series from the same hours of past days and past weeks.

A cycle of 24 hours within one of 168 leaves few repeats to learn a profile from, so the
candidates are averages of the last few days or weeks, hour by hour: the seasonal naive method
and its means, each also with the level brought up to date by what the last day, days or week
came to against the same hours before. One of them usually suits a series far better than the
rest (a machine has weeks, another only days), so they are weighed by the error of whole paths.
"""

from __future__ import annotations

import numpy as np

from bursar.domain.forecast.history import Floats, History, Indices, read_history
from bursar.domain.forecast.intervals import USUAL_SHARE, Bands, bands, past_spread
from bursar.domain.forecast.selection import near_winner_take_all, relative_losses

DAYS_A_WEEK = 7
ORIGINS = 21  # one a day, and three of each weekday
WARM_UP_DAYS = 7
SHARPNESS = 48.0
OWN_EVIDENCE_DAYS = 2.0
LONGEST_WEEKS = 3
SMALLEST_CORRECTION, LARGEST_CORRECTION = 0.2, 5.0


def forecast_by_lags(values: Floats, horizon: int, day: int) -> tuple[Floats, Bands]:
    """Of series that each have a value: the paths [n, horizon] and the bands of their totals,
    in the unit of the series."""
    history = read_history(values, day, needed_width(horizon, day))
    filled = extend_left(history, day)
    origins = daily_origins(history.width, horizon, day)
    warm = origins[None, :] + 1 >= history.starts[:, None] + WARM_UP_DAYS * day
    learned = warm.astype(np.float64)
    misses, errors = _past_errors(filled, origins, horizon, day)
    days = learned.sum(axis=1)
    trust = days / (days + OWN_EVIDENCE_DAYS)
    weights = near_winner_take_all(trust[:, None] * relative_losses(misses, learned), SHARPNESS)
    path = np.einsum("ng,ngh->nh", weights, lag_average_paths(filled, horizon, day))
    band = bands(
        theory=_weekly_change(history, horizon, day),
        past=past_spread(np.einsum("nog,ng->no", errors, weights), learned),
        evidence=days,
        mean=path.mean(axis=1),
    )
    return path * history.scale[:, None], band.times(horizon * np.abs(history.scale))


def _past_errors(
    values: Floats, origins: Indices, horizon: int, day: int
) -> tuple[Floats, Floats]:
    """[n, origins, G] each: mean absolute error of the path, and signed error of its mean."""
    misses, errors = [], []
    for origin in origins:
        real = values[:, None, origin + 1 : origin + 1 + horizon]
        error = real - lag_average_paths(values[:, : origin + 1], horizon, day)
        misses.append(np.abs(error).mean(axis=2))
        errors.append(error.mean(axis=2))
    return np.stack(misses, axis=1), np.stack(errors, axis=1)


def _weekly_change(history: History, horizon: int, day: int) -> Floats:
    """[n]: by how much the mean over a horizon usually differs from the one a week before; a
    fifth of a mean hour, the usual, where there are not two to compare."""
    week = DAYS_A_WEEK * day
    sums = np.pad(np.cumsum(history.values, axis=1), ((0, 0), (1, 0)))
    means = (sums[:, horizon:] - sums[:, :-horizon]) / horizon
    first = np.arange(means.shape[1] - week)
    known = first[None, :] >= history.starts[:, None]
    change = (np.abs(means[:, week:] - means[:, :-week]) * known).sum(axis=1)
    count = known.sum(axis=1)
    return np.where(count > 0, change / np.maximum(count, 1), USUAL_SHARE)


def needed_width(horizon: int, day: int) -> int:
    """Periods of history that every candidate can be made from, at every origin."""
    return (LONGEST_WEEKS + 2) * DAYS_A_WEEK * day + horizon + ORIGINS * day


def daily_origins(width: int, horizon: int, day: int) -> Indices:
    """The last period seen by each past forecast, oldest first."""
    return np.arange(ORIGINS)[::-1] * -day + width - 1 - horizon


def extend_left(history: History, day: int) -> Floats:
    """The values, with the first week (of what there is) repeated to the left edge."""
    cycle = np.minimum(DAYS_A_WEEK * day, history.lengths)[:, None]
    since_start = np.arange(history.width)[None, :] - history.starts[:, None]
    source = np.where(since_start >= 0, since_start, since_start % cycle)
    return np.take_along_axis(history.values, source + history.starts[:, None], axis=1)


def lag_average_paths(values: Floats, horizon: int, day: int) -> Floats:
    """[n, G, horizon]: what each candidate foresees after the last of `values` [n, T]."""
    week = DAYS_A_WEEK * day
    paths = []
    for cycle, count in ((day, 1), (day, 3), (week, 1), (week, 2), (week, LONGEST_WEEKS)):
        plain = _repeated(_cycle_mean(values, cycle, count), horizon)
        paths.append(plain)
        for span in (max(day // 4, 1), day, 2 * day, week):
            growth = _growth(values, cycle, count, span)[:, None]
            paths += [plain * growth, plain * np.sqrt(growth)]
    return np.stack(paths, axis=1)


def _cycle_mean(values: Floats, cycle: int, count: int) -> Floats:
    last = values[:, values.shape[1] - cycle * count :]
    return np.asarray(last.reshape(len(values), count, cycle).mean(axis=1))


def _repeated(cycle: Floats, horizon: int) -> Floats:
    return cycle[:, np.arange(horizon) % cycle.shape[1]]


def _growth(values: Floats, cycle: int, count: int, span: int) -> Floats:
    """What the last `span` periods came to, against the same ones of `count` cycles before."""
    width = values.shape[1]
    now = values[:, width - span :].sum(axis=1)
    before = np.mean(
        [
            values[:, width - span - cycle * back : width - cycle * back].sum(axis=1)
            for back in range(1, count + 1)
        ],
        axis=0,
    )
    usable = (before > 1e-9) & (now > 0)
    growth = np.where(usable, now, 1.0) / np.where(usable, before, 1.0)
    return np.clip(growth, SMALLEST_CORRECTION, LARGEST_CORRECTION)
