"""What a counter rose, and how long a gauge stood where, from samples at irregular times."""

from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import strategies as st

from bursar.domain.usage.counters import GaugeUse, Increase, Sample, Span, gauge_use, increase
from tests.unit.for_all import for_all

HOUR = Span(3600.0, 7200.0)
REACH = 2700.0  # a quarter of an hour before


def samples(*told: tuple[float, float]) -> list[Sample]:
    return [Sample(at, value) for at, value in told]


def rise(*told: tuple[float, float], started_at: float | None = None) -> Increase:
    return increase(samples(*told), HOUR, asked_from=REACH, started_at=started_at)


def test_a_counter_rises_from_its_last_sample_before_the_hour() -> None:
    assert rise((3590, 100), (3605, 110), (7190, 400)) == Increase(300)


def test_a_sample_at_the_hours_end_belongs_to_the_next_hour() -> None:
    assert rise((3590, 100), (7199.9, 150), (7200, 500)) == Increase(50)


def test_a_fall_is_a_restart_and_the_new_value_was_counted_since() -> None:
    # 100 -> 180, restart, 0 -> 30, restart, 0 -> 5 -> 25
    assert rise((3500, 100), (4000, 180), (4030, 30), (4060, 5), (4090, 25)) == Increase(135)


def test_a_new_series_counts_from_zero_when_its_process_began_within_reach() -> None:
    assert rise((5000, 40), (5030, 90), started_at=4990.0) == Increase(90)
    # began just before the hour, first scraped in it: nothing was scraped of it earlier
    assert rise((3610, 40), (3640, 90), started_at=3590.0) == Increase(90)


def test_a_series_first_seen_of_an_older_process_is_not_known_before_that() -> None:
    assert rise((5000, 1000), (5030, 1050), started_at=10.0) == Increase(50, unseen_from=10.0)
    assert rise((5000, 1000), (5030, 1050)) == Increase(50, unseen_from=REACH)


def test_no_samples_are_no_rise() -> None:
    assert rise() == rise((3000, 5)) == Increase(0)


counts = st.lists(
    st.tuples(st.integers(1, 900), st.integers(0, 1000), st.booleans()), min_size=2, max_size=60
)


@for_all(steps=counts)
def test_hours_add_up_to_all_that_was_counted_with_restarts_and_any_scrape_times(
    steps: list[tuple[int, int, bool]],
) -> None:
    """Steps of (seconds, tokens served in them, restarted at their beginning)."""
    told, value, served, at = [Sample(0.0, 0.0)], 0, 0, 0
    for seconds, tokens, restarted in steps:
        before = value
        value = tokens if restarted else value + tokens
        if restarted and value >= before:  # a restart that no sample shows is not to be seen
            value = before + tokens
        at += seconds
        served += tokens
        told.append(Sample(float(at), float(value)))
    hours = [Span(n * 3600.0, (n + 1) * 3600.0) for n in range(at // 3600 + 1)]
    total = sum(
        increase(
            [each for each in told if span.start - 900 <= each.at <= span.end],
            span,
            asked_from=span.start - 900,
            started_at=0.0,
        ).value
        for span in hours
    )
    assert total == served


@for_all(rises=st.lists(st.integers(0, 100), min_size=2, max_size=40), cut=st.integers(1, 38))
def test_two_windows_are_together_the_one_they_make_up(rises: list[int], cut: int) -> None:
    told = [Sample(float(n), float(v)) for n, v in enumerate(accumulate(rises))]
    edges = (0.5, float(min(cut, len(told) - 1)) + 0.5, float(len(told)))
    parts = [
        increase(told, Span(a, b), asked_from=0.0, started_at=None) for a, b in pairwise(edges)
    ]
    whole = increase(told, Span(edges[0], edges[-1]), asked_from=0.0, started_at=None)
    assert parts[0] + parts[1] == whole


def test_a_gauge_is_weighted_by_how_long_it_stood() -> None:
    use = gauge_use(samples((3600, 0), (3660, 50), (3720, 100), (3780, 0)), Span(3600, 3840))
    # 60 s each of 0, 50, 100, 0
    assert use.mean == (50 * 60 + 100 * 60) / 240
    assert (use.known_seconds, use.most) == (240, 100)


def test_idle_is_the_time_below_the_bound() -> None:
    told = samples((3600, 0), (3660, 0), (3720, 90), (3780, 0))
    use = gauge_use(told, Span(3600, 3840), idle_below=1.0)
    assert use.idle_share == pytest.approx(180 / 240)


def test_a_gap_is_unknown_and_not_idle() -> None:
    # the sample stands for five minutes, then nothing is known until the next one
    use = gauge_use(samples((3600, 0), (6000, 80)), Span(3600, 6060), idle_below=1.0)
    assert (use.known_seconds, use.idle_seconds) == (360, 300)
    assert use.mean == 80 * 60 / 360


def test_a_gauge_never_seen_has_no_mean_and_is_not_idle() -> None:
    assert gauge_use([], HOUR) == GaugeUse()
    assert (GaugeUse().mean, GaugeUse().idle_share) == (None, None)
