"""How unlike every earlier moment of the same series a moment is."""

from __future__ import annotations

import numpy as np

from bursar.domain.anomalies.windows import Floats, before, window_mean

_WINDOWS = (1, 6, 24)
_MEMORY = 4000  # points that are searched
_APART = 10  # neighbours closer in time are the same moment
_START = 50
_BLOCK = 256
_REFRESH = 6


def novelty(values: Floats) -> Floats:
    """Distance to the nearest earlier moment, against the largest such distances so far.

    A moment is the point and the means of the last 6 and 24: a left matrix profile (Yeh et al.,
    2016) over three coarse scales in place of a subsequence, which keeps the level that a
    z-normalised profile throws away. Its record is the mean of the three largest distances of
    the memory, plus three mean absolute deviations, in which noise drowns.
    """
    return np.stack([_of_one(row) for row in values]) if len(values) else values.copy()


def _of_one(row: Floats) -> Floats:
    distance = _nearest_distance(row)
    mean = before(window_mean(row[None], 2000))
    spread = before(window_mean(np.abs(row[None] - mean), 2000))[0]
    scores = np.zeros_like(row)
    for start in range(_START + _APART, len(row), _REFRESH):
        past = distance[max(_START, start - _MEMORY) : start]
        kept = min(3, len(past))
        record = np.partition(past, len(past) - kept)[-kept:].mean()
        now = slice(start, start + _REFRESH)
        yard = record + 3.0 * spread[now]
        scores[now] = distance[now] / np.where(yard > 0.0, yard, np.inf)
    return scores


def _nearest_distance(row: Floats) -> Floats:
    """Euclidean distance of each moment to its nearest neighbour among the earlier ones."""
    moments = np.concatenate([window_mean(row[None], points) for points in _WINDOWS])
    nearest = np.zeros_like(row)
    time = np.arange(len(row))
    for start in range(_START, len(row), _BLOCK):
        end = min(len(row), start + _BLOCK)
        oldest = max(0, start - _MEMORY)
        squares = np.zeros((end - start, end - oldest))
        for scale in moments:
            squares += (scale[start:end, None] - scale[None, oldest:end]) ** 2
        too_close = time[None, oldest:end] > time[start:end, None] - _APART
        squares[too_close] = np.inf
        nearest[start:end] = np.sqrt(squares.min(axis=1))
    return nearest
