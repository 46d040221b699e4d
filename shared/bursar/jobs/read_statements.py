"""Read the ledger over any window of whole hours: days where it holds them, hours at its edges."""

from __future__ import annotations

from collections.abc import Sequence

from bursar.domain.ledger.lines import Statement
from bursar.domain.periods import Window, days, hours, spans_of
from bursar.ports import StatementStore


def read_statements(
    window: Window, statements: StatementStore, *, by_hour: bool = False
) -> Sequence[Statement]:
    """The statements that make up [start, end), oldest first, each hour once.

    Args:
        window: its ends are full hours.
        by_hour: read every hour by itself, for a breakdown by hour.
    """
    whole = [day for day in days(window) if window.start <= day.start and day.end <= window.end]
    if by_hour or not whole:
        return statements.hours(window)
    middle = Window(whole[0].start, whole[-1].end)
    return [
        *statements.hours(Window(window.start, middle.start)),
        *statements.days(middle),
        *statements.hours(Window(middle.end, window.end)),
    ]


def hours_not_kept(
    window: Window, read: Sequence[Statement], statements: StatementStore
) -> tuple[Window, ...]:
    """The hours of a window that were stated, and of which only the days are kept still."""
    seen = {hour.start for each in read for hour in hours(each.window)}
    return spans_of(statements.stated_hours(window) - seen)
