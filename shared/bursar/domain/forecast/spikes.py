"""Single days out of line, drawn back before levels are taken from them.

A Hampel filter (Hampel 1974; Davies and Gather 1993): the running median of the series without
its weekday shape, and no day further from it than some multiples of the median absolute
deviation. It moves the levels only: the errors that intervals are made of keep the spikes.
"""

from __future__ import annotations

import numpy as np

from bursar.domain.forecast.history import Flags, Floats, History
from bursar.domain.forecast.profile import profiles_ahead, rolling_profile

WINDOW = 5
DEVIATIONS = 3.0
ABSURD_MULTIPLE = 1.5
SMALLEST_SHARE = 0.15  # of a mean day: below it a day says nothing about the level
MAD_TO_SIGMA = 1.4826


def tame_spikes(history: History, season: int) -> History:
    """The same history, its outlying points moved to the edge of what is usual."""
    history = history.with_values(_without_the_absurd(history))
    width = history.width
    profile = rolling_profile(history, season)
    ahead = profiles_ahead(profile, np.array([width - 1]), season)[:, 0]
    shape = ahead[:, (np.arange(width) - width) % season]
    usable = history.known() & (shape > SMALLEST_SHARE)
    level = np.where(usable, history.values / np.where(usable, shape, 1.0), 0.0)
    level = np.where(usable, level, _first_level(level, usable)[:, None])
    tamed = np.where(usable, shape * _clip_to_median(level, usable), history.values)
    return history.with_values(tamed)


def _without_the_absurd(history: History) -> Floats:
    """The values, none beyond some multiple of what all but the largest twentieth come to: a
    huge day would bend the very profile that it is looked at through."""
    sizes = np.abs(history.values)
    count = (sizes > 0).sum(axis=1)
    rank = history.width - 1 - count // 20
    ordered = np.sort(sizes, axis=1)
    large = ABSURD_MULTIPLE * ordered[np.arange(len(sizes)), rank][:, None]
    return np.clip(history.values, -large, large)


def _first_level(level: Floats, usable: Flags) -> Floats:
    early = usable & (np.cumsum(usable, axis=1) <= WINDOW // 2)
    return np.asarray((level * early).sum(axis=1) / np.maximum(early.sum(axis=1), 1))


def _clip_to_median(level: Floats, usable: Flags) -> Floats:
    half = WINDOW // 2
    edged = np.pad(level, ((0, 0), (half, half)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(edged, WINDOW, axis=1)
    median = np.partition(windows, half, axis=2)[:, :, half]
    limit = DEVIATIONS * MAD_TO_SIGMA * median_where(np.abs(level - median), usable)
    return np.clip(level, median - limit[:, None], median + limit[:, None])


def median_where(values: Floats, usable: Flags) -> Floats:
    """[n]: the (lower) median of each row's usable values, 0 without any."""
    count = usable.sum(axis=1)
    ordered = np.sort(np.where(usable, values, np.inf), axis=1)
    middle = ordered[np.arange(len(values)), np.maximum(count - 1, 0) // 2]
    return np.where(count > 0, middle, 0.0)
