"""Levels of a series: what a mean period comes to, with short and with long memory.

A level is the discounted sum of what was seen divided by the discounted sum of the profile over
the same periods. Without a profile that is simple exponential smoothing (Brown 1956), and the
first values need no initial guess. Dividing sums, rather than each value by its ratio, lets a
quiet Sunday count for the little it tells. As the numerator does not depend on the profile, all
gains at all origins are one product of matrices.
"""

from __future__ import annotations

import numpy as np

from bursar.domain.forecast.history import Floats, History, Indices
from bursar.domain.forecast.profile import HALF_LIVES, profiles_ahead, rolling_profile
from bursar.domain.forecast.selection import Candidates

GAINS = np.array([0.03, 0.06, 0.1, 0.15, 0.22, 0.3, 0.4, 0.55, 0.75, 0.95])
# the mean relative error of each gain on totals of 5 to 27 days, over the daily series of the
# development set, its contrast raised by half: what is believed before a series has errors
EXPECTED_ERROR = np.array([1.3, 1.09, 0.97, 0.91, 0.88, 0.865, 0.895, 0.955, 1.075, 1.225])


def profile_candidates(
    history: History, origins: Indices, horizon: int, season: int
) -> Candidates:
    """One candidate per gain and half-life: its level times the profile known at the origin."""
    sums = _discounted_sums(history, origins)
    pasts, paths = [], []
    for half_life in HALF_LIVES:
        ahead = profiles_ahead(rolling_profile(history, season, half_life), origins, season)
        levels = sums / _discounted_profile(history, ahead, origins)
        cycles, rest = divmod(horizon, season)
        periods = cycles * season + ahead[:, :, :rest].sum(axis=2)
        pasts.append(levels[:, :-1] * periods[:, :-1, None] / horizon)
        shape = ahead[:, -1, np.arange(horizon) % season]
        paths.append(levels[:, -1, :, None] * shape[:, None, :])
    return Candidates(
        past=np.concatenate(pasts, axis=2),
        paths=np.concatenate(paths, axis=1),
        expected_error=np.tile(EXPECTED_ERROR, len(HALF_LIVES)),
        gains=np.tile(GAINS, len(HALF_LIVES)),
    )


def _discounted_sums(history: History, origins: Indices) -> Floats:
    age = origins[None, :] - np.arange(history.width)[:, None]
    weights = np.where(age[..., None] >= 0, (1 - GAINS) ** np.maximum(age, 0)[..., None], 0.0)
    flat = history.values @ weights.reshape(history.width, -1)
    return flat.reshape(len(flat), len(origins), len(GAINS))


def _discounted_profile(history: History, ahead: Floats, origins: Indices) -> Floats:
    """[n, origins, gains]: the profile summed with the same weights as the values.

    The k-th last period has the phase that comes k-th last in `ahead`.
    """
    season = ahead.shape[2]
    ages = np.arange(history.width + 1)
    discounts = (1 - GAINS) ** ages[:, None]
    by_phase = np.zeros((len(ages) + 1, season, len(GAINS)))
    by_phase[ages + 1, -1 - ages % season] = discounts
    summed = np.cumsum(by_phase, axis=0)
    seen = np.maximum(origins[None, :] + 1 - history.starts[:, None], 0)
    weight = np.einsum("nopg,nop->nog", summed[seen], ahead)
    return np.where(weight > 1e-9, weight, 1.0)


def one_step_errors(history: History, profile: Floats, gain: Floats, season: int) -> Floats:
    """[n, T]: each value less the level before it times the profile; 0 in the first cycle.

    `gain` [n] is the one that each series is smoothed with.
    """
    width = history.width
    ahead = profiles_ahead(profile, np.array([width - 1]), season)[:, 0]
    shape = ahead[:, (np.arange(width) - width) % season]
    known = history.known()
    weighted, weight = np.zeros(len(gain)), np.zeros(len(gain))
    errors = np.zeros_like(history.values)
    for t in range(width):
        level = weighted / np.where(weight > 0, weight, 1.0)
        errors[:, t] = history.values[:, t] - level * shape[:, t]
        weighted = weighted * (1 - gain) + history.values[:, t]
        weight = weight * (1 - gain) + shape[:, t] * known[:, t]
    learned = np.arange(width)[None, :] >= history.starts[:, None] + max(season, 2)
    return np.where(learned, errors, 0.0)
