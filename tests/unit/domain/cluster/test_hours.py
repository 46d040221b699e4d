"""Hours that add up to a day: exactly, and as well known as the worst of them."""

from __future__ import annotations

import pytest

from bursar.domain.cluster.bases import Basis
from bursar.domain.cluster.hours import Category, HourCosts, RowKey, Unpriced, add_up, sum_rows
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, Window, day_of
from bursar.domain.quality import Quality
from tests.unit.sample_cluster import TEN, at

A, B = RowKey("a"), RowKey("b")
DAY = day_of(TEN)


def closed(hour: int, usd: str, *, quality=Quality.FINAL, known=3600, **others) -> HourCosts:
    start = DAY.start + hour * HOUR
    rows = {A: {Category.CPU: Money.of(usd)}} if known else {}
    return HourCosts(
        others.pop("cluster", "prod"),
        Window(start, start + HOUR),
        quality,
        known,
        Basis.RESIDUAL,
        rows,
        **others,
    )


def test_two_hours_are_the_sum_of_their_rows():
    rows = sum_rows(
        [
            {A: {Category.CPU: Money.of("0.1")}, B: {Category.GPU: Money.of(5)}},
            {A: {Category.CPU: Money.of("0.2"), Category.MEMORY: Money.of(1)}},
        ]
    )
    assert rows == {
        A: {Category.CPU: Money.of("0.3"), Category.MEMORY: Money.of(1)},
        B: {Category.GPU: Money.of(5)},
    }


def test_a_day_holds_the_known_seconds_and_the_unpriced_of_its_hours_once():
    ghost = Unpriced("n2", "no price")
    day = add_up(DAY, [closed(0, "1", unpriced=(ghost,)), closed(1, "2", unpriced=(ghost,))])
    assert (day.total, day.known_seconds, day.unpriced) == (Money.of(3), 7200, (ghost,))
    assert day.unknown_seconds == 22 * 3600


def test_a_day_with_an_unknown_hour_is_estimated_and_one_of_nothing_else_is_unknown():
    blind = closed(1, "0", quality=Quality.UNKNOWN, known=0)
    assert add_up(DAY, [closed(0, "1"), blind]).quality is Quality.ESTIMATED
    assert add_up(DAY, [blind]).quality is Quality.UNKNOWN
    assert add_up(DAY, [closed(0, "1"), closed(1, "1")]).quality is Quality.FINAL


def test_a_day_is_as_old_as_its_newest_hour():
    assert add_up(DAY, [closed(0, "1", as_of=at(9)), closed(1, "1", as_of=at(5))]).as_of == at(9)


@pytest.mark.parametrize("wrong", [[], [closed(0, "1"), closed(0, "1", cluster="other")]])
def test_only_hours_of_one_cluster_are_summed(wrong):
    with pytest.raises(ValueError, match="one cluster"):
        add_up(DAY, wrong)
