"""A month's chargeback, as it stands or as it was frozen; and closing a month."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from bursar.domain.chargeback import (
    Balances,
    Chargeback,
    FrozenMonth,
    add_balances,
    charge,
    months_before,
    thaw,
)
from bursar.domain.ledger.lines import Statement, add_up
from bursar.domain.periods import Window, month_window
from bursar.jobs.read_statements import unstated_by, unstated_hours
from bursar.ports import ClosedMonthStore, StatementStore


class MonthNotBegunError(ValueError):
    """Nothing of a month can be charged before it begins."""


def charge_back(
    month: str, at: datetime, *, statements: StatementStore, closed_months: ClosedMonthStore
) -> Chargeback:
    """The accounts of a month (`2026-11`), as known at `at`; a closed one as it was closed.

    Raises:
        ValueError: the text is not a month.
        MonthNotBegunError: it begins after `at`.
    """
    window = month_window(month)
    if at < window.start:
        raise MonthNotBegunError(f"{month} has not begun")
    later = statements.days(Window(window.end, at)) if at > window.end else ()
    if frozen := closed_months.frozen(month):
        return thaw(frozen, later)
    return charge(
        month,
        add_up(window, statements.days(window)),
        _opening(month, statements, closed_months),
        unstated=unstated_by(window, at, statements),
        later=later,
    )


def close_chargeback(
    month: str,
    at: datetime,
    *,
    statements: StatementStore,
    closed_months: ClosedMonthStore,
    close_ledger: Callable[[str, datetime], object],
) -> Chargeback:
    """Close a month of the ledger and freeze its accounts; what was frozen before stands.

    A close that was broken off is finished by repeating it.

    Args:
        close_ledger: `close_month`; what it raises is raised here.
    """
    window = month_window(month)
    if closed_months.frozen(month) is None:
        close_ledger(month, at)
        frozen = FrozenMonth(
            month=month,
            closed_at=at,
            statement=add_up(window, statements.days(window)),
            opening=_opening(month, statements, closed_months),
            unstated=unstated_hours(window, statements),
        )
        closed_months.freeze(frozen)
    return charge_back(month, at, statements=statements, closed_months=closed_months)


def stated_days(shown: Chargeback, statements: StatementStore) -> Sequence[Statement]:
    """The days that a chargeback is made of.

    A month whose days no longer sum to what was frozen is one statement: the frozen one.
    """
    window = month_window(shown.month)
    days = statements.days(window)
    if add_up(window, days).lines == shown.statement.lines:
        return days
    return [shown.statement]


def _opening(month: str, statements: StatementStore, closed_months: ClosedMonthStore) -> Balances:
    """From the newest closed month of the year on: what was frozen, and the days since."""
    end = month_window(month).start
    for earlier in months_before(month):
        if frozen := closed_months.frozen(earlier):
            start, known = frozen.statement.window.end, frozen
            balances = add_balances(known.opening, [known.statement])
            break
    else:
        start, balances = end.replace(month=1), {}
    return add_balances(balances, statements.days(Window(start, end)))
