"""Read the ledger over any window of whole hours: days where it holds them, hours at its edges."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bursar.domain.ledger.gaps import Gaps
from bursar.domain.ledger.lines import Statement
from bursar.domain.periods import HOUR, Window, days, hour_of, hours, spans_of
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


def find_gaps(
    window: Window, at: datetime, read: Sequence[Statement], statements: StatementStore
) -> Gaps:
    """What the statements that were read of a window leave out of it, as known at `at`."""
    seen = {hour.start for each in read for hour in hours(each.window)}
    return Gaps(
        unstated=unstated_by(window, at, statements),
        not_kept=spans_of(statements.stated_hours(window) - seen),
    )


def unstated_by(window: Window, at: datetime, statements: StatementStore) -> tuple[Window, ...]:
    """The unstated hours that should have been stated by then: an hour is stated in the next."""
    due = max(window.start, min(window.end, hour_of(at - HOUR).start))
    return unstated_hours(Window(window.start, due), statements)


def unstated_hours(window: Window, statements: StatementStore) -> tuple[Window, ...]:
    """What of a window of full hours no statement says anything of."""
    stated = statements.stated_hours(window)
    return spans_of(each.start for each in hours(window) if each.start not in stated)
