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
_WEEK_BEFORE_ALERT = 0.5
_ETS_WINDOW = {7: 119, 24: 336}  # what a model is fitted on: days, hours
_WARM = {7: 120, 24: 336}  # what the bench calls warm


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
            cycles = {24: [24, 168]}.get(season, [season])
            model = models.MSTL(cycles, trend) if season > 1 else trend
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


def week_before(values: Floats, season: tuple[int, ...]) -> Floats:
    """Half as much again, or half as much, as at the same time a week before."""
    back = 7 if season[0] == 7 else 7 * season[0]
    scores = np.zeros(values.shape)
    before = values[:, :-back]
    change = np.abs(values[:, back:] - before) / np.maximum(np.abs(before), 1e-9)
    scores[:, back:] = change / _WEEK_BEFORE_ALERT
    return scores


def matrix_profile(values: Floats, season: tuple[int, ...]) -> Floats:
    """stumpy's streaming matrix profile: how far the last cycle is from any before it, against the
    largest hundredth of what that was while the series was new."""
    import stumpy

    cycle, warm = season[0], _WARM[season[0]]
    scores = np.zeros(values.shape)
    for row, series in enumerate(values):
        profile = stumpy.stumpi(series[:warm], m=cycle, egress=False, normalize=False)
        known = profile.left_P_[np.isfinite(profile.left_P_)]
        usual = np.quantile(known, 0.99) + 1e-9
        for at in range(warm, len(series)):
            profile.update(series[at])
            scores[row, at] = profile.left_P_[-1] / usual
    return scores


def ets_interval(values: Floats, season: tuple[int, ...]) -> Floats:
    """Outside AutoETS's 99% interval of the next day: fitted anew every week, and carried forward
    over what has been seen since every day."""
    from statsforecast import models

    window, day = _ETS_WINDOW[season[0]], 1 if season[0] == 7 else season[0]
    scores = np.zeros(values.shape)
    for row, series in enumerate(values):
        for place, at in enumerate(range(_WARM[season[0]], len(series), day)):
            before = series[at - window : at]
            if place % 7 == 0:
                model = models.AutoETS(season_length=season[0]).fit(before)
            told = model.forward(y=before, h=min(day, len(series) - at), level=[99])
            half = np.maximum((told["hi-99"] - told["lo-99"]) / 2, 1e-12)
            seen = series[at : at + day]
            scores[row, at : at + day] = np.abs(seen - told["mean"]) / half
    return scores
