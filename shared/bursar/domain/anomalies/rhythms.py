"""The score of daily, of hourly and of finer series: which deviations are read, and how joined.

How the constants were chosen, and how far to trust them: docs/forecasting.md.
"""

from __future__ import annotations

import numpy as np

from bursar.domain.anomalies.novelty import novelty
from bursar.domain.anomalies.profiles import cycle_profile, usual_level
from bursar.domain.anomalies.records import Yardstick, exceedance
from bursar.domain.anomalies.windows import (
    Floats,
    before,
    lagged,
    median_of,
    window_max,
    window_mean,
    window_median,
    window_sum,
)

_DAY, _WEEK = 24, 168  # in hours
_LARGEST_STANDARD_SCORE = 1000.0

_DAILY = Yardstick(
    memory=60,
    fewest=6,
    mean_share=1.0,
    opposite_share=0.15,
    smallest=0.01,
    fall_discount=1.7,
)
_HOURLY = Yardstick(
    memory=336,
    fewest=24,
    mean_share=1.0,
    opposite_share=0.25,
    smallest=0.007,
    fall_discount=1.6,
)


def daily_scores(values: Floats, cycle: int) -> Floats:
    """Score of series with a point a day (or any cycle shorter than a day of hours).

    Four readings of the same point, each against its own record, joined by a root mean square
    so that weak agreement counts as much as one strong voice:

    - the day against the usual weekday at the level of the last one to two weeks: a spike;
    - the day against the day before: what jumps, whatever the level was. A return towards the
      median is no jump, or each spike would be told twice;
    - three days against the two weeks before them: a change of level, while it is news, and as
      far as the last day bears it out: the mean still holds a spike that is over;
    - seven days against the median of the four weeks before: a slow ramp, which never makes
      one strange day. Whole weeks need no profile. It is a moving-sum (MOSUM) chart, not CUSUM,
      because it forgets: a level that stays becomes the new normal.
    """
    weekly = window_median(values, 7)
    median = median_of([lagged(weekly, 7 * k) for k in range(4)])
    level = usual_level(values, 60, median)
    profile = cycle_profile(values, cycle, 6)
    flat = values / profile
    latest = window_median(flat, 7)
    fortnight = 0.5 * (latest + lagged(latest, 7))
    near = 0.5 * (latest + fortnight)
    jump = values - before(values)
    jump[jump * (values - before(median)) <= 0.0] = 0.0
    shift = (window_sum(values, 3) - lagged(fortnight, 3) * window_sum(profile, 3)) / 3
    week = window_mean(values, 7)
    weeks_before = median_of([lagged(week, 7 * k) for k in range(1, 5)])
    readings = [
        (values - before(near) * profile, 3, 0.66),
        (jump, 1, 0.66),
        (_borne_out(shift, by=values - lagged(fortnight, 3) * profile), 6, 0.66),
        (week - weeks_before, 20, 0.81),
    ]
    rise = fall = np.zeros_like(values)
    for deviation, start, gain in readings:
        up, down = exceedance(deviation / level, start, _DAILY)
        rise, fall = rise + (gain * up) ** 2, fall + (gain * down) ** 2
    return np.asarray(np.sqrt(np.maximum(rise, fall)))


def hourly_scores(values: Floats) -> Floats:
    """Score of series with a point an hour: the strongest of three readings.

    - the hour against two simple forecasts: the hour before at its usual share of the day, and
      the hour before plus yesterday's change at this time. Differences cancel the level, so
      nothing has to be estimated that could be wrong after a change;
    - the last 24 hours against the same 24 hours a week earlier: levels and slow ramps;
    - the hour against mean and standard deviation of the last 30 days, upward only.

    The third is for series without rhythm, such as counts of errors. There a standard deviation
    that is swollen by earlier bursts asks for a truly large burst, which is what people label,
    while the first two chase the noise of small counts. In a series with rhythm it is the other
    way round. So each is discounted where the other is at home.
    """
    level = usual_level(values, _DAY * 14, window_mean(values, 48))
    profile = cycle_profile(values, _DAY, 4)
    hour = values - 0.5 * (
        before(values / profile) * profile
        + before(values)
        + lagged(values, _DAY)
        - lagged(values, _DAY + 1)
    )
    day = window_mean(values, _DAY)
    disorder = _disorder(hour / level, values, level)
    in_rhythm = 1.0 / np.maximum(1.0, disorder) ** 2
    in_bursts = np.minimum(1.0, disorder) ** 2
    fall = np.zeros_like(values)
    rise = (0.22 * in_bursts * _standard_score(values, _DAY * 30, 120)) ** 8
    for deviation, start, gain in [
        (hour, 72, 0.72),
        (day - lagged(day, _WEEK), _WEEK + _DAY, 1.15),
    ]:
        up, down = exceedance(deviation / level, start, _HOURLY)
        rise = rise + (gain * in_rhythm * up) ** 8
        fall = fall + (gain * in_rhythm * down) ** 8
    return np.asarray(np.maximum(rise, fall) ** (1 / 8))


def finer_scores(values: Floats) -> Floats:
    """Score of series with more than one point an hour: novelty, told once per incident.

    Minutes have no profile worth the name. What is new is what no earlier moment looked like.
    A point counts when it is half as new again as everything of the last 120 points: the rest
    of an incident is no second one.
    """
    score = 6.0 * novelty(values)
    return np.where(score > 1.5 * lagged(window_max(score, 120), 1, 0.0), score, 0.0)


def _borne_out(shift: Floats, by: Floats) -> Floats:
    """The shift of a mean, no larger than three times the newest deviation in its direction."""
    direction = np.sign(shift)
    return direction * np.minimum(np.abs(shift), 3.0 * np.maximum(direction * by, 0.0))


def _disorder(forecast_error: Floats, values: Floats, level: Floats) -> Floats:
    """Error of the seasonal forecast against 0.6 of the mean's, over the two weeks before."""
    fortnight = _DAY * 14
    mean_error = (values - before(window_mean(values, fortnight))) / level
    ours, plain = (
        before(window_sum(np.minimum(np.abs(error), 3.0), fortnight))
        for error in (forecast_error, mean_error)
    )
    return ours / np.where(plain > 0.0, 0.6 * plain, 1.0)


def _standard_score(values: Floats, points: int, start: int) -> Floats:
    """Standard deviations above the mean of the points before; 0 up to `start` and below it."""
    mean = before(window_mean(values, points))
    square = before(window_mean(values * values, points))
    deviation = np.sqrt(np.maximum(square - mean * mean, 0.0)) + 0.01 * np.abs(mean)
    score = np.maximum(values - mean, 0.0) / np.where(deviation > 0.0, deviation, 1.0)
    score[:, :start] = 0.0
    return np.where(deviation > 0.0, np.minimum(score, _LARGEST_STANDARD_SCORE), 0.0)
