"""How far a deviation exceeds what the series itself has shown before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bursar.domain.anomalies.windows import Floats, before, lagged, window_max, window_sum

_LARGEST_DEVIATION = 1000.0  # in levels: beyond it, larger says no more
_EULER_GAMMA = 0.5772


@dataclass(frozen=True)
class Yardstick:
    """What a deviation is measured against, in multiples of the series' level."""

    memory: int  # points of past deviations that are remembered
    fewest: int  # points of memory without which nothing is said
    mean_share: float  # of the mean absolute deviation, on top of the record
    opposite_share: float  # of the record of the other sign, in place of the own one
    smallest: float  # a deviation below this share of the level is noise in any series
    fall_discount: float  # a fall must be this much larger than a rise


def exceedance(deviation: Floats, start: int, yard: Yardstick) -> tuple[Floats, Floats]:
    """Deviations upward and downward, each divided by the series' own record: [n, T] twice.

    Deviations of spend have heavy tails that differ from series to series, so a standard
    deviation promises too much: three of them are a weekly event in one series and unheard of
    in another. The largest deviation of the remembered past has the tail in it: a new point
    exceeds it with probability 1 / (memory + 1) whatever the distribution, by symmetry, as long
    as the order of the points carries no information. Rises and falls have tails
    of their own. The mean absolute deviation is added because one maximum alone is a noisy
    yardstick. A young series has seen few points, hence a small record: it is raised by the
    growth of the expected maximum of k exponential draws, ln k + 0.577.
    """
    deviation = np.clip(deviation, -_LARGEST_DEVIATION, _LARGEST_DEVIATION)
    remembered = np.clip(np.arange(deviation.shape[1]) - start, 0, yard.memory)
    rise = _record(deviation, start, yard.memory)
    fall = _record(-deviation, start, yard.memory)
    size = np.abs(deviation)
    size[:, :start] = 0.0
    noise = lagged(window_sum(size, yard.memory), 1, 0.0) / np.maximum(remembered, 1)
    noise = yard.mean_share * noise + yard.smallest
    own, other = 1.0 - yard.opposite_share, yard.opposite_share
    age = np.log(np.maximum(remembered, 1)) + _EULER_GAMMA
    trust = np.where(remembered >= yard.fewest, age / (np.log(yard.memory) + _EULER_GAMMA), 0.0)
    up = trust * np.maximum(deviation, 0.0) / (own * rise + other * fall + noise)
    down = trust * np.maximum(-deviation, 0.0) / (own * fall + other * rise + noise)
    return up, down / yard.fall_discount


def _record(deviation: Floats, start: int, memory: int) -> Floats:
    """Largest deviation of the memory before t, at least 0; what lies before `start` is unseen."""
    seen = deviation.copy()
    seen[:, :start] = 0.0
    return np.maximum(before(window_max(seen, memory)), 0.0)
