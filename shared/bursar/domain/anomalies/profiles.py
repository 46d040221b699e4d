"""What a point of a cycle usually is, relative to the mean of its cycle."""

from __future__ import annotations

import numpy as np

from bursar.domain.anomalies.windows import (
    Floats,
    lagged,
    median_of,
    window_mean,
    window_sum,
)

_LARGEST_SHARE = 10.0
_SMALLEST_SHARE = 0.05
_SMALLEST_LEVEL = 1e-100  # keeps a division by a level of 0 finite


def cycle_profile(values: Floats, cycle: int, cycles: int) -> Floats:
    """Factor of each point's place in its cycle (a weekday, an hour), known before the point.

    The median over the last `cycles` cycles (over those there are, in a young series) of the
    ratio to the mean of the cycle that ended there: a median, so that one incident does not
    become part of what is normal (the seasonal medians of S-H-ESD; Hochenbaum, Vallis and
    Kejariwal, 2017). 1 until one cycle is known, and where the mean is not positive.
    """
    profile = np.ones_like(values)
    if cycle < 2:
        return profile
    mean = window_sum(values, cycle) / cycle
    positive = mean > 0.0
    share = np.where(positive, values / np.where(positive, mean, 1.0), 1.0)
    share = np.clip(share, _SMALLEST_SHARE, _LARGEST_SHARE)
    past = [lagged(share, cycle * k) for k in range(1, cycles + 1)]
    for known in range(1, cycles + 1):
        start = cycle * (known + 1) - 1
        columns = slice(start, start + cycle if known < cycles else None)
        profile[:, columns] = median_of([earlier[:, columns] for earlier in past[:known]])
    return profile


def usual_level(values: Floats, points: int, typical: Floats) -> Floats:
    """The size that deviations are divided by, known before the point and never 0: [n, T].

    `typical` is a median or mean of recent values. A series that is mostly 0 has none, and a
    share of its mean absolute value stands in.
    """
    size = lagged(np.abs(values), 1)
    level = np.maximum(np.abs(lagged(typical, 1)), 0.25 * window_mean(size, points))
    return np.maximum(level, _SMALLEST_LEVEL)
