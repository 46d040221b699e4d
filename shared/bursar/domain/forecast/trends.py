"""Levels and damped trends of series without a cycle (weekly data).

Candidates are simple and damped-trend exponential smoothing (Gardner and McKenzie 1985) over a
grid of parameters. Each is a linear filter: its answer to a single 1 is worked out once, and
all candidates at all origins are again one product of matrices.
"""

from __future__ import annotations

import numpy as np

from bursar.domain.forecast.history import Floats, History, Indices
from bursar.domain.forecast.levels import GAINS
from bursar.domain.forecast.selection import Candidates

_TRENDS = [
    (gain, trend_gain, damping)
    for gain in (0.3, 0.6, 0.95)
    for trend_gain in (0.1, 0.3, 0.7)
    for damping in (0.8, 0.95)
]
LEVEL_GAINS = np.array([*GAINS, *(gain for gain, _, _ in _TRENDS)])
TREND_GAINS = np.array([*np.zeros(len(GAINS)), *(trend for _, trend, _ in _TRENDS)])
DAMPING = np.array([*np.zeros(len(GAINS)), *(damping for _, _, damping in _TRENDS)])
FIRST_VALUES = 7  # whose mean the smoothing starts from


def trend_candidates(history: History, origins: Indices, horizon: int) -> Candidates:
    """One candidate per set of parameters: its level plus its damped trend."""
    known = history.known()
    early = known & (np.cumsum(known, axis=1) <= FIRST_VALUES)
    start = (history.values * early).sum(axis=1) / early.sum(axis=1)
    above_start = np.where(known, history.values - start[:, None], 0.0)
    level_filter, trend_filter = _responses(history.width)
    levels = start[:, None, None] + _filtered(above_start, level_filter, origins)
    trends = _filtered(above_start, trend_filter, origins)
    reach = np.cumsum(DAMPING[:, None] ** np.arange(1, horizon + 1)[None, :], axis=1)
    means = levels + trends * reach.mean(axis=1)
    paths = levels[:, -1, :, None] + trends[:, -1, :, None] * reach[None, :, :]
    return Candidates(means[:, :-1], paths, np.ones(len(LEVEL_GAINS)), LEVEL_GAINS)


def _responses(width: int) -> tuple[Floats, Floats]:
    """[width, G] each: level and trend, k periods after a single 1 in a series of zeros."""
    levels, trends = np.empty((width, len(DAMPING))), np.empty((width, len(DAMPING)))
    level, trend = np.zeros(len(DAMPING)), np.zeros(len(DAMPING))
    for k in range(width):
        foreseen = level + DAMPING * trend
        miss = (k == 0) - foreseen
        level = foreseen + LEVEL_GAINS * miss
        trend = DAMPING * trend + LEVEL_GAINS * TREND_GAINS * miss
        levels[k], trends[k] = level, trend
    return levels, trends


def _filtered(values: Floats, response: Floats, origins: Indices) -> Floats:
    age = origins[None, :] - np.arange(values.shape[1])[:, None]
    weights = np.where(age[..., None] >= 0, response[np.maximum(age, 0)], 0.0)
    flat = values @ weights.reshape(values.shape[1], -1)
    return np.asarray(flat.reshape(len(values), len(origins), -1))
