"""What made a difference: prices apart from volumes, and how much of two scopes is one money."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from bursar.domain.anomaly_events.lines import Cell, compare
from bursar.domain.money import Money
from bursar.domain.periods import DAY, HOUR
from bursar.domain.series.names import Grain
from tests.unit.for_all import for_all

TUESDAY = datetime(2026, 11, 17, tzinfo=UTC)
ONE = Money.of(1).units
DAYS = [TUESDAY - n * DAY for n in range(40, -1, -1)]


def cell(at: datetime, usd: int, tokens: int = 0, **dimensions: str) -> Cell:
    return Cell(at, dimensions, usd * ONE, tokens)


def test_a_day_is_beside_the_same_weekdays_of_four_weeks() -> None:
    found = compare([TUESDAY], DAYS, Grain.DAY)
    assert found.before == {TUESDAY - n * 7 * DAY for n in (1, 2, 3, 4)}


def test_several_days_are_beside_days_before_they_began() -> None:
    found = compare([TUESDAY - DAY, TUESDAY], DAYS, Grain.DAY)
    assert max(found.before) < TUESDAY - DAY
    assert {at.weekday() for at in found.before} == {0, 1}


def test_with_little_history_all_days_before_count() -> None:
    found = compare([TUESDAY], DAYS[-10:], Grain.DAY)
    assert found.before == set(DAYS[-10:-1])


def test_an_hour_is_beside_the_same_hours_of_days_before() -> None:
    hours = [TUESDAY + n * HOUR for n in range(-100, 1)]
    found = compare([TUESDAY], hours, Grain.HOUR)
    assert found.before == {TUESDAY - n * DAY for n in (1, 2, 3, 4)}


def test_the_effects_of_price_and_volume_are_told_apart_and_sum_to_the_difference() -> None:
    cells = [cell(TUESDAY - n * 7 * DAY, 10, 100, model="m") for n in (1, 2, 3, 4)]
    cells.append(cell(TUESDAY, 60, 300, model="m"))
    [found] = compare([TUESDAY], DAYS, Grain.DAY).differences(cells, ["model"], Money.of(50))
    # 200 tokens more at $0.10, and 300 tokens that cost $0.10 more each
    assert (found.more, found.volume_effect, found.price_effect) == (
        Money.of(50),
        Money.of(20),
        Money.of(30),
    )


def test_what_has_no_quantity_has_no_effects() -> None:
    cells = [cell(TUESDAY - n * 7 * DAY, 10, team="a") for n in (1, 2, 3, 4)]
    cells += [cell(TUESDAY, 60, team="a"), cell(TUESDAY, 40, 7, team="b")]
    a, b = compare([TUESDAY], DAYS, Grain.DAY).differences(cells, ["team"], Money.of(90))
    assert (a.name, a.more, a.price_effect) == ("a", Money.of(50), None)
    assert (b.name, b.more, b.price_effect) == ("b", Money.of(40), None)  # new: no price before


def test_small_parts_and_parts_that_fell_are_not_named() -> None:
    now = [cell(TUESDAY, usd, team=team) for team, usd in (("a", 100), ("b", 19), ("c", 0))]
    before = [cell(TUESDAY - n * 7 * DAY, 50, team="c") for n in (1, 2, 3, 4)]
    found = compare([TUESDAY], DAYS, Grain.DAY).differences(
        [*now, *before], ["team"], Money.of(100)
    )
    assert [each.name for each in found] == ["a"]


amounts = st.integers(-(10**15), 10**15)
tokens = st.integers(1, 10**9)


@for_all(now=amounts, now_tokens=tokens, was=amounts, was_tokens=tokens)
def test_effects_always_sum_to_the_last_digit(
    now: int, now_tokens: int, was: int, was_tokens: int
) -> None:
    cells = [Cell(TUESDAY - n * 7 * DAY, {"model": "m"}, was, was_tokens) for n in (1, 2, 3, 4)]
    cells.append(Cell(TUESDAY, {"model": "m"}, now, now_tokens))
    comparison = compare([TUESDAY], DAYS, Grain.DAY)
    for each in comparison.differences(cells, ["model"], comparison.difference(cells)):
        assert each.price_effect is not None
        assert each.volume_effect is not None
        assert each.price_effect + each.volume_effect == each.more == Money.from_units(now - was)
