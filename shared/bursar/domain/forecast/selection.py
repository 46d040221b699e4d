"""Which candidate to believe, series by series.

Each candidate is scored by its past errors on totals over the very horizon asked for, from
origins rolled back through the series (Tashman 2000), recent ones more. The scores are drawn
towards what the candidate is worth on average (as far as few errors were seen), and turned into
weights that fall off so fast that the best one nearly takes all: combinations beat selections,
yet only of candidates that are close (Bates and Granger 1969; Kourentzes et al. 2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bursar.domain.forecast.history import Floats, History, Indices

SHARPNESS = 25.0
OWN_EVIDENCE = 3.0  # horizons of errors that weigh as much as the expectation
HALF_LIFE = 60.0  # periods after which an error counts half
STRIDE = 3
FURTHEST_ORIGIN = 200


@dataclass(frozen=True, slots=True)
class Candidates:
    """Forecasts of G candidates for n series.

    `past` [n, origins, G] is the mean per period that each foresaw at each past origin; `paths`
    [n, G, horizon] what it foresees now. `gains` [G] is how far each follows one new value.
    """

    past: Floats
    paths: Floats
    expected_error: Floats
    gains: Floats


@dataclass(frozen=True, slots=True)
class Choice:
    """`weights` [n, G] add up to one. `recency` [n, origins] is how much each past error counts
    and `evidence` [n] how many periods of them there are."""

    weights: Floats
    recency: Floats
    evidence: Floats


def past_origins(width: int, horizon: int, first: int) -> Indices:
    """The last period seen by each past forecast, whose whole horizon is known by now."""
    last = width - 1 - horizon
    earliest = max(first, last - FURTHEST_ORIGIN + 1)
    return np.arange(last, earliest - 1, -STRIDE)[::-1].astype(np.intp)


def means_ahead(history: History, origins: Indices, horizon: int) -> Floats:
    """[n, origins]: what came true, as the mean per period."""
    sums = np.pad(np.cumsum(history.values, axis=1), ((0, 0), (1, 0)))
    return (sums[:, origins + 1 + horizon] - sums[:, origins + 1]) / horizon


def choose(
    candidates: Candidates, history: History, origins: Indices, horizon: int, warm_up: int
) -> Choice:
    """Weigh the candidates by their errors from the origins with `warm_up` periods behind."""
    age = history.width - 1 - horizon - origins
    learned = origins[None, :] + 1 >= history.starts[:, None] + warm_up
    recency = learned * 0.5 ** (age / HALF_LIFE)[None, :]
    misses = np.abs(means_ahead(history, origins, horizon)[:, :, None] - candidates.past)
    evidence = recency.sum(axis=1) * STRIDE
    horizons = evidence / max(horizon / 2, 1.0)
    trust = (horizons / (horizons + OWN_EVIDENCE))[:, None]
    score = trust * relative_losses(misses, recency) + (1 - trust) * candidates.expected_error
    return Choice(near_winner_take_all(score, SHARPNESS), recency, evidence)


def relative_losses(misses: Floats, recency: Floats) -> Floats:
    """[n, G]: the weighted mean of `misses` [n, origins, G], over that of all candidates."""
    total = np.maximum(recency.sum(axis=1), 1e-9)
    loss = np.einsum("nog,no->ng", misses, recency) / total[:, None]
    typical = loss.mean(axis=1, keepdims=True)
    return np.where(typical > 1e-12, loss / np.where(typical > 1e-12, typical, 1.0), 1.0)


def near_winner_take_all(score: Floats, sharpness: float) -> Floats:
    """[n, G]: weights that add up to one and fall e-fold for each 1/`sharpness` of `score`."""
    weights = np.exp(-sharpness * (score - score.min(axis=1, keepdims=True)))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
