"""How far the total of a forecast may be wrong.

The spread is the geometric mean of two estimates that fail in different ways: the mean absolute
error on totals over the same horizon from past origins (few, and overlapping), and the one that
follows from the errors one period ahead if levels are smoothed with the gain chosen (Hyndman et
al. 2008, "Forecasting with Exponential Smoothing", 6.3: the j-th period ahead adds the gain of
every period before it). Both use the values as they were, spikes included. What stands between
the spread and an interval is one multiplier per coverage, the quantile of absolute errors over
spread on series held out: split conformal prediction (Lei et al. 2018) with a normalised score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bursar.domain.forecast.history import Floats, Indices

MULTIPLIER_80 = 1.7
MULTIPLIER_95 = 3.6
EVIDENCE_FOR_HALF = 3.0
SMALLEST_SHARE = 0.002  # of the total: nothing is known better
FEW = 14  # one-step errors below which the usual spread of a daily series is mixed in
USUAL_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Bands:
    """Symmetric intervals of the total, as half-widths [n]."""

    half80: Floats
    half95: Floats

    def times(self, factor: Floats) -> Bands:
        return Bands(self.half80 * factor, self.half95 * factor)


def smoothing_spread(errors: Floats, counts: Indices, gain: Floats, horizon: int) -> Floats:
    """[n]: the standard error of the mean per period, from `errors` [n, T] one period ahead.

    `counts` [n] of them were made; below `FEW`, a fifth of a mean period is mixed in.
    """
    counts = np.maximum(counts, 0)
    borrowed = np.maximum(1 - counts / FEW, 0.0) * FEW
    square = (errors**2).sum(axis=1) + borrowed * USUAL_SHARE**2
    one_step = np.sqrt(square / np.maximum(counts + borrowed, 1.0))
    later = np.arange(horizon)
    carried = 1 + gain[:, None] * later[None, :]
    return np.asarray(one_step * np.sqrt((carried**2).sum(axis=1)) / horizon)


def past_spread(errors: Floats, recency: Floats) -> Floats:
    """[n]: the mean absolute error of the mean per period, over `errors` [n, origins]."""
    total = recency.sum(axis=1)
    return np.asarray((np.abs(errors) * recency).sum(axis=1) / np.maximum(total, 1e-9))


def bands(theory: Floats, past: Floats, evidence: Floats, mean: Floats) -> Bands:
    """Half-widths per period from both spreads; without past errors from theory alone."""
    share = 0.5 * evidence / (evidence + EVIDENCE_FOR_HALF)
    smallest = np.maximum(SMALLEST_SHARE * np.abs(mean), 1e-9)
    log_spread = share * np.log(np.maximum(past, 1e-9)) + (1 - share) * np.log(
        np.maximum(theory, 1e-9)
    )
    spread = np.maximum(np.exp(log_spread), smallest)
    return Bands(MULTIPLIER_80 * spread, MULTIPLIER_95 * spread)
