"""The shape of the cycle (the week, the day) as it was known at any time.

Each point is set in ratio to the mean of the cycle around it, and the ratios of one phase are
averaged with weights that halve every few cycles, starting from a pseudo-observation of 1 (no
shape): ratio-to-moving-average of classical decomposition (Macaulay 1931; Hyndman and
Athanasopoulos, "Forecasting: Principles and Practice", 3.4), its seasonal means replaced by
Winters' exponentially weighted ones (1960). The pseudo-observation is a ridge towards no shape,
which Miller and Williams (2003) found to pay for short histories.
Kept as it was at each time, so that a forecast from a past origin uses the shape known then (but
for its last half cycle, whose ratios are taken of a mean that reaches as far beyond).
"""

from __future__ import annotations

import numpy as np

from bursar.domain.forecast.history import Flags, Floats, History, Indices

HALF_LIVES = (2.0, 16.0)  # cycles: shapes that change soon, shapes that hold
MIDDLE_HALF_LIFE = 4.0
FLAT_WEIGHT = 1.0
LARGEST_RATIO = 8.0
CLOSED_CYCLES = 3  # a phase that was exactly zero this often in a row is closed


def rolling_profile(history: History, season: int, half_life: float = MIDDLE_HALF_LIFE) -> Floats:
    """[n, T]: the ratio of the phase of t to its cycle, as averaged after t was seen."""
    if season == 1:
        return np.ones_like(history.values)
    ratios, usable = _ratios(history, season)
    n, width = ratios.shape
    cycles = width // season
    ratios = ratios.reshape(n, cycles, season)
    usable = usable.reshape(n, cycles, season)
    keep = 0.5 ** (1 / half_life)
    weighted = np.full((n, season), FLAT_WEIGHT)
    weight = np.full((n, season), FLAT_WEIGHT)
    profile = np.empty((n, cycles, season))
    for cycle in range(cycles):
        new = usable[:, cycle]
        weighted = np.where(new, keep * weighted + ratios[:, cycle], weighted)
        weight = np.where(new, keep * weight + 1.0, weight)
        profile[:, cycle] = weighted / weight
    flat = profile.reshape(n, width)
    flat[_closed(history, season)] = 0.0
    return flat


def profiles_ahead(profile: Floats, origins: Indices, season: int) -> Floats:
    """[n, origins, season] with mean 1: the phases that follow each origin, next one first.

    Every origin must lie at least `season` points from the left edge.
    """
    ahead = profile[:, origins[:, None] - season + 1 + np.arange(season)]
    mean = ahead.mean(axis=2, keepdims=True)
    return np.where(mean > 0, ahead / np.where(mean > 0, mean, 1.0), 1.0)


def _ratios(history: History, season: int) -> tuple[Floats, Flags]:
    values, width = history.values, history.width
    sums = np.pad(np.cumsum(values, axis=1), ((0, 0), (1, 0)))
    first = np.clip(np.arange(width) - season // 2, 0, width - season)
    mean = (sums[:, first + season] - sums[:, first]) / season
    usable = (first[None, :] >= history.starts[:, None]) & (mean > 1e-9)
    ratios = np.where(usable, values / np.where(usable, mean, 1.0), 1.0)
    return np.clip(ratios, 0.0, LARGEST_RATIO), usable


def _closed(history: History, season: int) -> Flags:
    zero = (history.values == 0) & history.known()
    closed: Flags = zero.copy()
    for cycle in range(1, CLOSED_CYCLES):
        shift = cycle * season
        closed[:, shift:] &= zero[:, :-shift]
        closed[:, :shift] = False
    return closed
