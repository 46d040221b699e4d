"""What must not change a score: the future, the unit, the padding, the neighbours."""

import numpy as np
import pytest
from hypothesis import strategies as st

from bursar.domain.anomalies import detect
from tests.unit.for_all import for_all

SEASONS = {"daily": (7,), "hourly": (24, 168), "weekly": (1,), "minutes": (288, 2016)}
seasons = st.sampled_from(list(SEASONS.values()))


@st.composite
def spend(draw: st.DrawFn) -> np.ndarray:
    """Two series: rhythm, noise, incidents, credits, holes and a late start in any mixture."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(2, 400))
    cycle = draw(st.sampled_from([1, 7, 24]))
    shape = chance.gamma(2.0, 1.0, cycle)[np.arange(count) % cycle]
    series = shape * (1.0 + draw(st.floats(0, 2)) * chance.standard_normal((2, count)))
    series[:, chance.integers(0, count, 3)] *= draw(st.sampled_from([0.0, -1.0, 10.0, 1e6]))
    if draw(st.booleans()):
        series[chance.random((2, count)) < 0.05] = np.nan
    series[0, : draw(st.integers(0, count))] = np.nan
    return series


@for_all(series=spend(), season=seasons, share=st.floats(0, 1))
def test_a_score_knows_nothing_of_the_future(
    series: np.ndarray, season: tuple[int, ...], share: float
) -> None:
    known = 1 + int(share * (series.shape[1] - 1))
    assert np.array_equal(detect(series, season)[:, :known], detect(series[:, :known], season))


@for_all(series=spend(), season=seasons, power=st.integers(-30, 60))
def test_the_unit_does_not_matter(series: np.ndarray, season: tuple[int, ...], power: int) -> None:
    """A power of two changes no digit, so the scores are the same to the last bit."""
    assert np.array_equal(detect(series, season), detect(series * 2.0**power, season))


@for_all(series=spend(), season=seasons, padding=st.integers(1, 300))
def test_padding_on_the_left_does_not_matter(
    series: np.ndarray, season: tuple[int, ...], padding: int
) -> None:
    padded = np.concatenate([np.full((2, padding), np.nan), series], axis=1)
    scores = detect(padded, season)
    assert not scores[:, :padding].any()
    assert np.array_equal(scores[:, padding:], detect(series, season))


@for_all(series=spend(), season=seasons)
def test_series_do_not_influence_each_other(series: np.ndarray, season: tuple[int, ...]) -> None:
    alone = [detect(row[None], season)[0] for row in series]
    assert np.array_equal(detect(series, season), np.stack(alone))


@for_all(
    values=st.lists(st.lists(st.floats(), min_size=40, max_size=40), min_size=1, max_size=3),
    season=seasons,
)
def test_any_floats_give_scores_that_are_numbers_and_not_negative(
    values: list[list[float]], season: tuple[int, ...]
) -> None:
    scores = detect(np.array(values), season)
    assert np.isfinite(scores).all()
    assert (scores >= 0.0).all()


@pytest.mark.parametrize("season", SEASONS.values(), ids=SEASONS)
def test_many_series_are_scored_in_chunks_as_if_at_once(season: tuple[int, ...]) -> None:
    series = np.random.default_rng(3).gamma(2.0, 1.0, (600, 130))
    alone = [detect(series[row : row + 1], season)[0] for row in (0, 299, 461, 599)]
    assert np.array_equal(detect(series, season)[[0, 299, 461, 599]], np.stack(alone))


def test_the_input_is_left_as_it_was() -> None:
    series = np.array([[np.nan, 1.0, np.inf, 3.0, np.nan, 5.0]])
    before = series.copy()
    detect(series, (7,))
    assert np.array_equal(series, before, equal_nan=True)
