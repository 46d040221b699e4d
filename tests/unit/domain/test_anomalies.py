"""What the detector announces, what it lets pass, and what it does with bad input."""

import numpy as np
import pytest

from bursar.domain.anomalies import detect

DAILY, HOURLY, MINUTES = (7,), (24, 168), (288,)


def noisy(days: int, level: float = 100.0, noise: float = 3.0, seed: int = 7) -> np.ndarray:
    return level + noise * np.random.default_rng(seed).standard_normal(days)


def busy_weekdays(days: int) -> np.ndarray:
    """100 a day, 40 on Saturdays and Sundays, and a little noise."""
    return np.where(np.arange(days) % 7 < 5, 1.0, 0.4) * noisy(days)


def busy_daytime(hours: int) -> np.ndarray:
    """20 an hour at night, up to 100 at noon, and a little noise."""
    time = np.arange(hours)
    return (60.0 - 40.0 * np.cos(2 * np.pi * time / 24)) * noisy(hours, 1.0, 0.03)


def alerts(series: np.ndarray, season: tuple[int, ...] = DAILY) -> list[int]:
    return np.flatnonzero(detect(series[None], season)[0] >= 1.0).tolist()


@pytest.mark.parametrize("season", [DAILY, HOURLY, MINUTES])
@pytest.mark.parametrize("value", [0.0, 5.0, -3.0])
def test_a_constant_series_never_alerts(season: tuple[int, ...], value: float) -> None:
    assert alerts(np.full(400, value), season) == []


def test_a_spike_of_100x_alerts_on_its_day_and_once() -> None:
    series = busy_weekdays(200)
    series[150] *= 100
    assert [day for day in alerts(series) if 120 <= day < 160] == [150]


def test_a_spike_in_an_hour_alerts_in_that_hour() -> None:
    series = busy_daytime(600)
    series[500] *= 3
    assert alerts(series, HOURLY)[0] == 500


def test_a_weekly_peak_is_no_news() -> None:
    """Over 100 series of 24 weeks each: a day in a hundred weeks at most, as on any other day."""
    peaks = np.arange(196) % 7 == 3
    series = np.stack([noisy(196, seed=seed) for seed in range(100)]) + 200 * peaks
    told = detect(series, DAILY)[:, 28:] >= 1.0
    assert told[:, peaks[28:]].mean() < 0.01


def test_a_busy_day_on_a_quiet_weekday_is_news() -> None:
    """Sunday at Monday's level: every value was seen before, but not on a Sunday."""
    series = busy_weekdays(200)
    sunday = 7 * 20 + 6
    series[sunday] = series[sunday - 6]
    assert sunday in alerts(series)


def test_a_change_of_level_alerts_that_day_and_four_weeks_later_is_the_new_normal() -> None:
    """Over 100 series: from then on they alert no more often than if nothing had changed."""
    unchanged = np.stack([noisy(240, seed=seed) for seed in range(100)])
    changed = unchanged.copy()
    changed[:, 150:] *= 1.4
    told = detect(changed, DAILY) >= 1.0
    assert told[:, 150].all()
    assert told[:, 178:].sum() <= (detect(unchanged, DAILY) >= 1.0)[:, 178:].sum()


def test_a_slow_ramp_alerts_although_no_day_is_strange() -> None:
    """Up 1 a day for four weeks, against noise of 3: the day of the alert is within the noise."""
    series = noisy(240)
    series[150:178] += np.arange(1, 29)
    series[178:] += 28
    told = alerts(series)
    assert told
    assert 150 <= told[0] < 178


def test_a_slow_ramp_of_hours_alerts() -> None:
    series = busy_daytime(840)
    series[600:720] += 60 * np.arange(1, 121) / 120
    series[720:] += 60
    assert 600 <= alerts(series, HOURLY)[0] < 720


def test_an_outage_alerts() -> None:
    series = busy_weekdays(200)
    series[150:152] = 0.0
    assert 150 in alerts(series)


def test_spend_where_there_was_none_alerts_after_ten_days_on_its_first() -> None:
    series = np.zeros(40)
    series[10:20] = 12.0
    assert alerts(series)[0] == 10


def test_too_little_history_says_nothing() -> None:
    assert alerts(np.array([1.0, 100.0])) == []
    assert alerts(np.array([1.0, 2.0, 1.0, 50.0, 1.0])) == []


def test_bursts_are_normal_for_a_series_that_has_them() -> None:
    """A burst of 40 on 2 is news in a quiet series, not in one that saw 55 in the last weeks."""
    quiet = noisy(200, 2.0, 0.2)
    bursty = quiet.copy()
    bursty[[93, 107, 119, 136]] = [39, 55, 48, 43]
    quiet[150] = bursty[150] = 40.0
    assert 150 in alerts(quiet)
    assert 150 not in alerts(bursty)


def test_a_missing_day_is_missing_and_not_zero() -> None:
    series = busy_weekdays(200)
    series[150:152] = np.nan
    scores = detect(series[None], DAILY)[0]
    assert scores[150:152].tolist() == [0.0, 0.0]
    assert (scores[100:] < 1.0).all()


def test_infinite_values_are_missing() -> None:
    series = busy_weekdays(200)
    holed = series.copy()
    series[[150, 160]] = [np.inf, -np.inf]
    holed[[150, 160]] = np.nan
    assert np.array_equal(detect(series[None], DAILY), detect(holed[None], DAILY))


def test_one_huge_value_alerts_and_later_scores_stay_finite() -> None:
    series = busy_weekdays(200)
    series[150] = 1.7e308
    scores = detect(series[None], DAILY)[0]
    assert scores[150] >= 1.0
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("season", [DAILY, HOURLY, MINUTES])
def test_values_of_any_magnitude_give_finite_scores(season: tuple[int, ...]) -> None:
    """From 5e-324 to 1e308 and back in one series, of either sign: no warning, no infinity."""
    chance = np.random.default_rng(1)
    powers = chance.uniform(-324, 308.2, (20, 900))
    powers[10:] = np.where(chance.random((10, 900)) < 0.02, 308.2, -320.0)
    series = 10.0**powers * chance.choice([-1.0, 1.0], powers.shape)
    assert np.isfinite(detect(series, season)).all()


def test_credits_are_values_like_others() -> None:
    series = -busy_weekdays(200)
    series[150] = -2_000.0
    assert 150 in alerts(series)


@pytest.mark.parametrize("season", [DAILY, HOURLY, MINUTES])
@pytest.mark.parametrize("shape", [(0, 0), (0, 30), (3, 0), (2, 1), (2, 2)])
def test_empty_and_tiny_input_gives_scores_of_its_shape(
    season: tuple[int, ...], shape: tuple[int, int]
) -> None:
    assert np.array_equal(detect(np.ones(shape), season), np.zeros(shape))


@pytest.mark.parametrize("season", [DAILY, HOURLY, MINUTES])
def test_a_series_of_nothing_scores_nothing(season: tuple[int, ...]) -> None:
    assert not detect(np.full((2, 400), np.nan), season).any()


def test_ten_years_of_days_are_scored() -> None:
    series = busy_weekdays(3_650)
    series[3_600] *= 5
    assert 3_600 in alerts(series)


def test_series_without_a_cycle_are_scored() -> None:
    series = noisy(120)
    series[100] *= 3
    assert 100 in alerts(series, (1,))


@pytest.mark.parametrize("season", [(), (0,)])
def test_a_season_of_no_points_is_an_error(season: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="season"):
        detect(np.ones((1, 10)), season)


def test_one_series_alone_is_an_error_of_shape() -> None:
    with pytest.raises(ValueError, match="dimensions"):
        detect(np.ones(10), DAILY)
