"""What is known of each series, made fit to compute with: no gaps, no sign, no unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Indices: TypeAlias = NDArray[np.intp]

LARGEST = 1e200  # beyond it a number is a fault of the meter, and sums could overflow


@dataclass(frozen=True, slots=True)
class History:
    """`values` [n, T] are 0 before `starts` [n] and complete from there on.

    Times `scale` [n] they are the series as given. A series that sums to less than zero has a
    negative scale, so that a profile of ratios serves credits as well as costs.
    """

    values: Floats
    starts: Indices
    scale: Floats

    @property
    def width(self) -> int:
        return int(self.values.shape[1])

    @property
    def lengths(self) -> Indices:
        return self.width - self.starts

    def known(self) -> Flags:
        """[n, T]: from the first value of each series on."""
        return np.arange(self.width)[None, :] >= self.starts[:, None]

    def with_values(self, values: Floats) -> History:
        return History(values, self.starts, self.scale)


def read_history(values: Floats, season: int, width: int) -> History:
    """The last `width` points of each series, which has at least one finite value."""
    window = values[:, -width:]
    missing_columns = width - window.shape[1]
    if missing_columns:
        window = np.pad(window, ((0, 0), (missing_columns, 0)), constant_values=np.nan)
    seen = seen_in(window)
    starts = np.argmax(seen, axis=1)
    filled = _fill_gaps(np.where(seen, window, 0.0), seen, season)
    scale = _scale(filled, width - starts)
    return History(filled / scale[:, None], starts, scale)


def seen_in(values: Floats) -> Flags:
    """What counts as told: NaN, infinities and faults of the meter do not."""
    return np.isfinite(values) & (np.abs(np.nan_to_num(values)) <= LARGEST)


def _fill_gaps(values: Floats, seen: Flags, season: int) -> Floats:
    """A missing point is taken from the same phase of the cycle before, else from the point
    before it: missing is not zero.
    """
    started = np.maximum.accumulate(seen, axis=1)
    if np.array_equal(started, seen):
        return values
    values, seen = values.copy(), seen.copy()
    for lag in (season, 1):
        for t in range(lag, values.shape[1]):
            gap = ~seen[:, t] & seen[:, t - lag]
            values[gap, t] = values[gap, t - lag]
            seen[gap, t] = True
    return values


def _scale(values: Floats, lengths: Indices) -> Floats:
    peak = np.abs(values).max(axis=1)
    peak[peak == 0] = 1.0
    shares = values / peak[:, None]
    scale = peak * (np.abs(shares).sum(axis=1) / lengths)
    scale[scale == 0] = 1.0
    return np.asarray(np.where(shares.sum(axis=1) < 0, -scale, scale))
