"""Trailing windows over the columns of [series, time]: at t they see t and what came before.

Sums and maxima double their reach at each step (the log-step scan of Hillis and Steele, 1986).
A running sum that is subtracted from itself would be cheaper, but one value of 1e15 would wipe
out the digits of every later window.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


def lagged(values: Floats, points: int, before: float | None = None) -> Floats:
    """Each row as it was `points` earlier; before its start the first value, or `before`."""
    points = min(points, values.shape[1])
    shifted = np.empty_like(values)
    shifted[:, points:] = values[:, : values.shape[1] - points]
    shifted[:, :points] = values[:, :1] if before is None else before
    return shifted


def window_sum(values: Floats, points: int) -> Floats:
    """Sum of the last `points` values, of fewer where a row is younger."""
    total = np.zeros_like(values)
    covered, block, size = 0, values, 1
    while points:
        if points & 1:
            total = total + lagged(block, covered, 0.0)
            covered += size
        points >>= 1
        if points:
            block = block + lagged(block, size, 0.0)
            size *= 2
    return total


def window_mean(values: Floats, points: int) -> Floats:
    """Mean of the last `points` values, of fewer where a row is younger."""
    seen = np.minimum(np.arange(values.shape[1]) + 1, points)
    return window_sum(values, points) / seen


def window_max(values: Floats, points: int) -> Floats:
    """Largest of the last `points` values."""
    largest, covered = values, 1
    while covered < points:
        step = min(covered, points - covered)
        largest = np.maximum(largest, lagged(largest, step, -np.inf))
        covered += step
    return largest


def window_median(values: Floats, points: int) -> Floats:
    """Median of the last `points` values, an odd number; at first a row repeats its first value.

    Sorting is several times faster than numpy's median, which asks each window for NaN.
    """
    early = np.repeat(values[:, :1], points - 1, axis=1)
    windows = sliding_window_view(np.concatenate([early, values], axis=1), points, axis=1)
    return np.asarray(np.sort(windows, axis=-1)[..., points // 2])


def median_of(arrays: Sequence[Floats]) -> Floats:
    """Median of several arrays of one shape, element by element."""
    ordered = np.sort(np.stack(arrays, axis=-1), axis=-1)
    count = len(arrays)
    return np.asarray(0.5 * (ordered[..., (count - 1) // 2] + ordered[..., count // 2]))


def before(values: Floats) -> Floats:
    """Each row one point earlier: what was known before t."""
    return lagged(values, 1)
