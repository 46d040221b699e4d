"""Forecasters and detectors that ours stand beside, behind the interface of the series bench.

The detectors are causal: what they say of a point comes from the points before it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Floats = Any
WINDOW_DAYS = 30
_Z80, _Z95 = 1.2816, 1.9600  # of a normal error
_Z_ALERT = 3.0
_ETS_WINDOW = 119
_ETS_STEP = 7


def _answer(path: Floats, deviation: Floats) -> dict[str, Floats]:
    """Normal intervals of the total, of so large a standard deviation."""
    total = path.sum(axis=1)
    return {
        "mean": path,
        "total": total,
        "lo80": total - _Z80 * deviation,
        "hi80": total + _Z80 * deviation,
        "lo95": total - _Z95 * deviation,
        "hi95": total + _Z95 * deviation,
    }


def _row_by_row(
    values: Floats, horizon: int, foresee: Callable[[Floats], tuple[Floats, float]]
) -> dict[str, Floats]:
    path, deviation = np.empty((len(values), horizon)), np.empty(len(values))
    for row, series in enumerate(values):
        path[row], deviation[row] = foresee(series[np.isfinite(series)])
    return _answer(path, deviation)


def seasonal_naive(values: Floats, horizon: int, season: int) -> dict[str, Floats]:
    """The last cycle again."""

    def foresee(known: Floats) -> tuple[Floats, float]:
        errors = known[season:] - known[:-season]
        deviation = errors.std() * np.sqrt(horizon) if len(errors) > 1 else 0.0
        return known[-season:][np.arange(horizon) % season], float(deviation)

    return _row_by_row(values, horizon, foresee)


def mean_of_30(values: Floats, horizon: int, season: int) -> dict[str, Floats]:
    """The run rate of the last 30 periods, whatever their season."""
    del season

    def foresee(known: Floats) -> tuple[Floats, float]:
        last = known[-WINDOW_DAYS:]
        return np.full(horizon, last.mean()), float(last.std() * np.sqrt(horizon))

    return _row_by_row(values, horizon, foresee)


def _statsforecast(name: str, values: Floats, horizon: int, season: int) -> dict[str, Floats]:
    """A model of statsforecast. Its intervals are of single periods: for a total they are added
    up, as if the errors went together, which covers best of the simple ways."""
    from statsforecast import models

    def foresee(known: Floats) -> tuple[Floats, float]:
        if name == "MSTL":
            trend = models.AutoETS(model="ZZN")
            model = models.MSTL(season_length=[season], trend_forecaster=trend)
        else:
            model = getattr(models, name)(season_length=season)
        told = model.forecast(y=known, h=horizon, level=[80])
        return told["mean"], float((told["hi-80"] - told["lo-80"]).sum() / 2 / _Z80)

    return _row_by_row(values, horizon, foresee)


def auto_ets(values: Floats, horizon: int, season: int) -> dict[str, Floats]:
    return _statsforecast("AutoETS", values, horizon, season)


def auto_theta(values: Floats, horizon: int, season: int) -> dict[str, Floats]:
    return _statsforecast("AutoTheta", values, horizon, season)


def mstl(values: Floats, horizon: int, season: int) -> dict[str, Floats]:
    return _statsforecast("MSTL", values, horizon, season)


def z_score(values: Floats, season: tuple[int, ...]) -> Floats:
    """How many deviations of the last 30 days (14 of hours) a point is off their mean; 3 alert."""
    width = WINDOW_DAYS if season[0] < 24 else 14 * 24
    scores = np.zeros(values.shape)
    for at in range(width, values.shape[1]):
        before = values[:, at - width : at]
        deviation = np.maximum(before.std(axis=1), 1e-12)
        scores[:, at] = np.abs(values[:, at] - before.mean(axis=1)) / deviation / _Z_ALERT
    return scores


def ets_interval(values: Floats, season: tuple[int, ...]) -> Floats:
    """Outside AutoETS's 99% interval, fitted anew every week; of days only."""
    from statsforecast import models

    scores = np.zeros(values.shape)
    if season[0] != _ETS_STEP:
        return scores
    for row, series in enumerate(values):
        for at in range(_ETS_WINDOW + 1, len(series), _ETS_STEP):
            ahead = min(_ETS_STEP, len(series) - at)
            model = models.AutoETS(season_length=season[0])
            told = model.forecast(y=series[at - _ETS_WINDOW : at], h=ahead, level=[99])
            half = np.maximum((told["hi-99"] - told["lo-99"]) / 2, 1e-12)
            scores[row, at : at + ahead] = np.abs(series[at : at + ahead] - told["mean"]) / half
    return scores
