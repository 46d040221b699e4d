"""The detector: series in, scores out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bursar.domain.anomalies.rhythms import daily_scores, finer_scores, hourly_scores
from bursar.domain.anomalies.windows import Floats

_HOURS_A_DAY = 24
_CHUNK_POINTS = 60_000  # points worked on at once: what fits a processor's cache
_LARGEST_VALUE = 1e100  # larger ones cannot be squared
_SMALLEST_VALUE = 1e-100  # smaller ones cannot be divided by


def detect(values: Floats, season: Sequence[int]) -> Floats:
    """Score every point of every series: 1.0 and above is an alert, 0.0 is nothing to say.

    `values` [n, T], oldest first; a shorter series is padded on the left with NaN, a missing
    point inside is NaN too (it is missing, not 0, and scores 0; so does an infinite one).
    `season` is the points per cycle: `(7,)` for daily series, `(24, 168)` for hourly ones,
    points per day and perhaps per week for finer ones.

    The score at t uses the values up to t. It does not depend on the other rows, on the unit of
    the values, or on the padding. A score says how unusual, not how expensive: floors in money
    are the caller's.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"values are [series, time], not of {values.ndim} dimensions")
    if not season or season[0] < 1:
        raise ValueError(f"a season is at least 1 point: {tuple(season)}")
    scores = np.zeros(values.shape)
    if not values.size:
        return scores
    rows = max(1, _CHUNK_POINTS // values.shape[1])
    for start in range(0, len(values), rows):
        chunk = slice(start, start + rows)
        scores[chunk] = _chunk_scores(values[chunk], season[0])
    return scores


def _chunk_scores(values: Floats, cycle: int) -> Floats:
    known = np.isfinite(values)
    aligned, columns = _start_together(values, known)
    _fill_gaps(aligned, cycle)
    np.clip(aligned, -_LARGEST_VALUE, _LARGEST_VALUE, out=aligned)
    aligned[np.abs(aligned) < _SMALLEST_VALUE] = 0.0
    if cycle < _HOURS_A_DAY:
        scores = daily_scores(aligned, cycle)
    elif cycle == _HOURS_A_DAY:
        scores = hourly_scores(aligned)
    else:
        scores = finer_scores(aligned)
    return np.where(known, np.take_along_axis(scores, np.maximum(columns, 0), axis=1), 0.0)


def _start_together(values: Floats, known: np.ndarray) -> tuple[Floats, np.ndarray]:
    """Rows moved left so that each begins with its first known value.

    Returns them and, for each original column, the one it was moved to (negative: padding).
    The age of a series is then its column. What follows a row's end repeats its last value and
    is never read: every reading looks back only.
    """
    count = values.shape[1]
    first = np.argmax(known, axis=1)[:, None]
    time = np.arange(count)[None]
    aligned = np.take_along_axis(values, np.minimum(time + first, count - 1), axis=1)
    aligned[~known.any(axis=1)] = 0.0
    return aligned, time - first


def _fill_gaps(values: Floats, cycle: int) -> None:
    """Replace what is not finite by the median of the same place in the last three cycles.

    In the first cycle the value before stands in. The first column is finite.
    """
    gaps = ~np.isfinite(values)
    for column in np.flatnonzero(gaps.any(axis=0)):
        places = [column - cycle * k for k in (1, 2, 3) if column >= cycle * k] or [column - 1]
        stand_in = np.median(values[:, places], axis=1)
        values[:, column] = np.where(gaps[:, column], stand_in, values[:, column])
