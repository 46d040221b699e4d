"""Reading the ledger over a window: every hour of it once, and none beside it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bursar.adapters.memory.statements import MemoryStatementStore
from bursar.domain.ledger.lines import CostCategory, Line, LineKey, Statement
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, Window, hour_of
from bursar.domain.quality import Quality
from bursar.jobs.read_statements import read_statements

FIRST = datetime(2026, 11, 18, tzinfo=UTC)
KEY = LineKey("acme", CostCategory.EXTERNAL_API)


@pytest.fixture(scope="module")
def store() -> MemoryStatementStore:
    """Three days; the n-th hour costs n^2 units, so that no two sets of hours sum alike soon."""
    kept = MemoryStatementStore()
    for n in range(72):
        hour = hour_of(FIRST + n * HOUR)
        kept.put_hour(Statement(hour, {KEY: Line(n * n)}, Quality.FINAL, 7))
    return kept


@pytest.mark.parametrize(
    ("first", "after", "read"),
    [
        (0, 72, 3),  # three days
        (0, 24, 1),
        (5, 7, 2),  # two hours
        (5, 43, 38),  # no whole day
        (5, 50, 19 + 1 + 2),  # the evening, the day, two hours
        (24, 25, 1),
        (23, 49, 1 + 1 + 1),
        (0, 1, 1),
    ],
)
@pytest.mark.parametrize("by_hour", [False, True])
def test_days_and_hours_sum_to_the_window(store, first, after, read, by_hour) -> None:
    window = Window(FIRST + first * HOUR, FIRST + after * HOUR)
    found = read_statements(window, store, by_hour=by_hour)
    total = Money.from_units(sum(n * n for n in range(first, after)))
    assert Money.sum(each.total for each in found) == total
    assert len(found) == (after - first if by_hour else read)
    assert list(found) == sorted(found, key=lambda each: each.window)
