"""What a forecast says of plain series, and what must not change it."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bursar.domain.forecast import Forecast, forecast

DAILY, HOURLY, WEEKLY = 7, 24, 1
SEASONS = [DAILY, HOURLY, WEEKLY]
OF_THE_TOTAL = ("total", "lo80", "hi80", "lo95", "hi95")
BUSY_WEEK = np.array([100.0, 120.0, 110.0, 130.0, 90.0, 40.0, 20.0])  # 610 a week


def uneven(count: int, periods: int, seed: int = 11) -> np.ndarray:
    """Series around 100 with a weekly shape, noise and a slow drift of their own."""
    noise = np.random.default_rng(seed).normal(0, 5, (count, periods))
    week = np.tile(BUSY_WEEK, -(-periods // 7))[:periods] / 87
    return (100 + noise + noise.cumsum(axis=1) / 10) * week


def assert_same(one: Forecast, other: Forecast) -> None:
    assert_allclose(one["mean"], other["mean"], rtol=1e-9)
    for key in OF_THE_TOTAL:
        assert_allclose(one[key], other[key], rtol=1e-9)  # type: ignore[literal-required]


@pytest.mark.parametrize("season", SEASONS)
@pytest.mark.parametrize("value", [5.0, -3.0, 1e9])
def test_a_constant_series_forecasts_itself_with_a_narrow_band(season: int, value: float) -> None:
    told = forecast(np.full((1, 200), value), 10, season)
    assert_allclose(told["mean"], value, rtol=1e-9)
    assert_allclose(told["total"], 10 * value, rtol=1e-9)
    assert told["hi95"][0] - told["lo95"][0] < 0.02 * abs(10 * value)


def test_a_series_of_zeros_stays_zero() -> None:
    assert_allclose(forecast(np.zeros((1, 90)), 20, DAILY)["mean"], 0)


def test_a_weekly_pattern_is_repeated() -> None:
    told = forecast(np.tile(BUSY_WEEK, 20)[None], 9, DAILY)
    assert_allclose(told["mean"][0], [*BUSY_WEEK, 100, 120], rtol=0.02)
    assert_allclose(told["total"], 610 + 220, rtol=0.01)


def test_a_day_that_is_always_zero_stays_zero() -> None:
    closed_on_sundays = np.array([1.0, 1, 1, 1, 1, 1, 0])
    told = forecast(np.tile(100 * closed_on_sundays, 8)[None], 14, DAILY)
    assert told["mean"][0, 6] == 0
    assert told["mean"][0, 13] == 0
    assert_allclose(told["total"], 1200, rtol=0.01)


def test_a_daily_rhythm_of_hours_is_repeated_also_over_the_weekend() -> None:
    day = np.r_[np.full(8, 10.0), np.full(10, 50.0), np.full(6, 20.0)]
    week = np.r_[np.tile(day, 5), np.tile(day / 2, 2)]
    told = forecast(np.tile(week, 5)[None, : 5 * 168 - 48], 48, HOURLY)  # a weekend is next
    assert_allclose(told["mean"][0], np.tile(day / 2, 2), rtol=0.05)


def test_a_steady_weekly_growth_is_continued() -> None:
    told = forecast(np.arange(100.0, 200.0)[None], 4, WEEKLY)
    assert_allclose(told["mean"][0], [200, 201, 202, 203], rtol=0.01)


def test_a_new_level_is_taken_up_within_two_weeks() -> None:
    doubled = np.r_[np.full(100, 10.0), np.full(14, 20.0)]
    assert_allclose(forecast(doubled[None], 10, DAILY)["total"], 200, rtol=0.05)


def test_one_huge_day_hardly_moves_the_forecast_but_widens_the_interval() -> None:
    calm = uneven(1, 120)
    spiked = calm.copy()
    spiked[0, 100] *= 1000
    before, after = forecast(calm, 20, DAILY), forecast(spiked, 20, DAILY)
    assert_allclose(after["total"], before["total"], rtol=0.05)
    assert after["hi95"] - after["lo95"] > before["hi95"] - before["lo95"]


@pytest.mark.parametrize("season", SEASONS)
def test_the_intervals_contain_each_other_and_the_total_is_the_sum_of_the_path(
    season: int,
) -> None:
    told = forecast(uneven(30, 120), 12, season)
    ordered = [told["lo95"], told["lo80"], told["total"], told["hi80"], told["hi95"]]
    for below, above in pairwise(ordered):
        assert (below < above).all()
    assert_allclose(told["mean"].sum(axis=1), told["total"])


def test_a_longer_horizon_is_known_less_well() -> None:
    series = uneven(20, 200)
    near, far = forecast(series, 5, DAILY), forecast(series, 27, DAILY)
    assert ((far["hi80"] - far["lo80"]) > (near["hi80"] - near["lo80"])).all()


@pytest.mark.parametrize("season", SEASONS)
@pytest.mark.parametrize("factor", [1e-6, 1000.0, -1.0])
def test_scaling_the_values_scales_the_forecast(season: int, factor: float) -> None:
    series = uneven(5, 120)
    plain, scaled = forecast(series, 10, season), forecast(factor * series, 10, season)
    assert_allclose(scaled["mean"], factor * plain["mean"], rtol=1e-9)
    width = plain["hi80"] - plain["lo80"]
    assert_allclose(scaled["hi80"] - scaled["lo80"], abs(factor) * width, rtol=1e-9)


@pytest.mark.parametrize("season", SEASONS)
def test_what_stands_beside_a_series_does_not_matter(season: int) -> None:
    count = 80 if season == HOURLY else 300  # more than are computed at once
    series = uneven(count, 60)
    order = np.random.default_rng(1).permutation(count)
    together, shuffled = forecast(series, 10, season), forecast(series[order], 10, season)
    assert_allclose(shuffled["mean"], together["mean"][order], rtol=1e-9)
    alone = forecast(series[7:8], 10, season)
    assert_allclose(alone["hi95"], together["hi95"][7:8], rtol=1e-9)


@pytest.mark.parametrize("season", SEASONS)
@pytest.mark.parametrize("length", [2, 9, 35, 120])
def test_padding_on_the_left_does_not_matter(season: int, length: int) -> None:
    series = uneven(4, length)
    padded = np.pad(series, ((0, 0), (413, 0)), constant_values=np.nan)
    assert_same(forecast(padded, 10, season), forecast(series, 10, season))


def test_beside_a_longer_series_a_short_one_is_forecast_the_same() -> None:
    short, long = uneven(1, 50), uneven(1, 700, seed=2)
    table = np.full((2, 700), np.nan)
    table[0, -50:], table[1] = short[0], long[0]
    together = forecast(table, 20, DAILY)
    assert_allclose(together["lo95"][:1], forecast(short, 20, DAILY)["lo95"], rtol=1e-9)
    assert_allclose(together["lo95"][1:], forecast(long, 20, DAILY)["lo95"], rtol=1e-9)


@pytest.mark.parametrize("season", SEASONS)
def test_the_same_question_has_the_same_answer_and_the_values_stay_as_they_were(
    season: int,
) -> None:
    series = uneven(5, 120)
    asked = series.copy()
    first, again = forecast(asked, 10, season), forecast(asked, 10, season)
    assert np.array_equal(asked, series)
    assert np.array_equal(first["mean"], again["mean"])
    assert np.array_equal(first["hi95"], again["hi95"])


def test_what_lies_beyond_memory_does_not_matter() -> None:
    ten_years = uneven(2, 3650)
    other_past = ten_years.copy()
    other_past[:, :3000] *= 50
    assert_same(forecast(ten_years, 20, DAILY), forecast(other_past, 20, DAILY))


def test_an_interval_of_80_percent_holds_the_total_in_at_least_80_percent_of_cases() -> None:
    """And in not quite all: 400 x 0.8 = 320. Noise as tame as this is held more often than the
    real series that the width was learned from.
    """
    series = uneven(400, 120)
    told = forecast(series[:, :-20], 20, DAILY)
    real = series[:, -20:].sum(axis=1)
    held = ((told["lo80"] <= real) & (real <= told["hi80"])).sum()
    assert 320 <= held <= 380
