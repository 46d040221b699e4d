"""What a forecast says of little, broken or senseless input. Warnings are errors here."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose

from bursar.domain.forecast import Forecast, ForecastInputError, forecast

SEASONS = [1, 7, 12, 24]


def numbers(told: Forecast) -> np.ndarray:
    return np.column_stack([told["mean"], *(told[k] for k in told if k != "mean")])  # type: ignore[literal-required]


@pytest.mark.parametrize("season", SEASONS)
def test_no_series_have_no_forecasts(season: int) -> None:
    told = forecast(np.empty((0, 30)), 5, season)
    assert told["mean"].shape == (0, 5)
    assert told["total"].shape == (0,)


@pytest.mark.parametrize("season", SEASONS)
@pytest.mark.parametrize("nothing", [np.full((1, 30), np.nan), np.full((1, 9), np.inf)])
def test_a_series_without_a_value_has_nan_and_its_neighbour_does_not(
    season: int, nothing: np.ndarray
) -> None:
    told = forecast(np.vstack([nothing, np.ones_like(nothing)]), 5, season)
    assert np.isnan(numbers(told)[0]).all()
    assert np.isfinite(numbers(told)[1]).all()


def test_a_table_without_columns_has_nan() -> None:
    assert np.isnan(numbers(forecast(np.empty((2, 0)), 5, 7))).all()


def test_a_series_that_ended_before_the_memory_begins_has_nan() -> None:
    ended = np.r_[np.ones(100), np.full(500, np.nan)]
    assert np.isnan(numbers(forecast(ended[None], 5, 7))).all()


@pytest.mark.parametrize("season", SEASONS)
@pytest.mark.parametrize("values", [[7.0], [7.0, 7.0], [7.0] * 5])
def test_a_handful_of_equal_values_is_repeated_with_a_wide_interval(
    season: int, values: list[float]
) -> None:
    told = forecast(np.array([values]), 10, season)
    assert_allclose(told["mean"], 7)
    assert told["hi80"][0] - told["lo80"][0] > 0.1 * 70


@pytest.mark.parametrize("season", SEASONS)
def test_two_different_values_have_a_forecast_between_them(season: int) -> None:
    told = forecast(np.array([[10.0, 20.0]]), 4, season)
    assert ((told["mean"] > 9.9) & (told["mean"] < 20.1)).all()


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf, 1e300])
def test_a_missing_day_is_missing_and_not_zero(broken: float) -> None:
    week = np.array([100.0, 120, 110, 130, 90, 40, 20])
    series = np.tile(week, 12)[None]
    gappy = series.copy()
    gappy[0, [30, 31, 50, 83]] = broken
    assert_allclose(forecast(gappy, 14, 7)["mean"], forecast(series, 14, 7)["mean"], rtol=1e-9)


@pytest.mark.parametrize("season", SEASONS)
def test_credits_and_costs_that_nearly_cancel_have_numbers(season: int) -> None:
    told = forecast(np.tile([5.0, -5.0, 1.0, -1.5], 30)[None], 10, season)
    assert np.isfinite(numbers(told)).all()


@pytest.mark.parametrize("season", SEASONS)
def test_ten_years_and_two_points_stand_in_one_table(season: int) -> None:
    table = np.full((2, 3650), np.nan)
    table[0], table[1, -2:] = 1.0, [3.0, 3.0]
    told = forecast(table, 30, season)
    assert_allclose(told["total"], [30, 90])


@pytest.mark.parametrize("horizon", [1, 6, 100, 800])
def test_any_horizon_has_an_answer(horizon: int) -> None:
    for season in SEASONS:
        told = forecast(np.arange(1.0, 61.0)[None], horizon, season)
        assert told["mean"].shape == (1, horizon)
        assert np.isfinite(numbers(told)).all()


@pytest.mark.parametrize(
    ("values", "horizon", "season"),
    [(np.ones(5), 3, 7), (np.ones((2, 5)), 0, 7), (np.ones((2, 5)), 3, 0)],
)
def test_what_is_no_question_is_refused(values: np.ndarray, horizon: int, season: int) -> None:
    with pytest.raises(ForecastInputError):
        forecast(values, horizon, season)


@settings(max_examples=30, deadline=None)
@given(
    values=hnp.arrays(
        np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.floats()
    ),
    horizon=st.integers(1, 40),
    season=st.sampled_from(SEASONS),
)
def test_whatever_the_values_every_row_has_numbers_or_only_nan(
    values: np.ndarray, horizon: int, season: int
) -> None:
    told = numbers(forecast(values, horizon, season))
    for row, answer in zip(values, told, strict=True):
        usable = np.isfinite(row) & (np.abs(np.nan_to_num(row)) <= 1e200)
        assert np.isfinite(answer).all() if usable.any() else np.isnan(answer).all()
