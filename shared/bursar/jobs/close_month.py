"""Close a month of the ledger: from then on it is stated, and late usage adjusts it elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from bursar.domain.chargeback import months_before
from bursar.domain.ledger.entries import Entry, EntryId
from bursar.domain.ledger.months import (
    MonthClosedError,
    MonthState,
    TouchedHour,
    hours_in,
    in_words,
)
from bursar.domain.ledger.verification import Difference, correction
from bursar.domain.periods import Window, hour_of, month_window
from bursar.jobs.read_statements import unstated_hours
from bursar.jobs.verify_ledger import (
    CheckedHour,
    InOrder,
    check_hours,
    leaves_of,
    verify_hour,
    with_corrections,
)
from bursar.ports import (
    EntryReader,
    LedgerStore,
    MonthGates,
    StatementStore,
    TouchedHours,
    UsageArchive,
)

_REASONS_TOLD = 5


class MonthNotOverError(ValueError):
    """A month that has not ended cannot be closed."""


class MonthUnsettledError(Exception):
    """Hours of the month wait to be stated again: close it when that was done."""

    def __init__(self, month: str, waiting: Sequence[TouchedHour]) -> None:
        told = (
            f"{len(waiting)} hours of {month} wait to be stated again, the first"
            f" {waiting[0].hour:%Y-%m-%dT%H}: repeat this when the next hour is stated, some 20"
            " minutes after its end"
        )
        if failed := [each for each in waiting if each.failed]:
            reasons = [f"{each.hour:%Y-%m-%dT%H}: {each.failed}" for each in failed]
            more = len(reasons) - _REASONS_TOLD
            told += f". {len(failed)} of them could not be stated when that was tried last: "
            told += "; ".join(reasons[:_REASONS_TOLD])
            told += f"; and {more} more" if more > 0 else ""
        super().__init__(told)


class EarlierMonthOpenError(Exception):
    """An earlier month of the year can still change, and with it what this one opens with."""


class HoursUnstatedError(Exception):
    """Nothing says what hours of the month cost, and nobody has said that it may stay so."""

    def __init__(self, month: str, unstated: Sequence[Window]) -> None:
        told = f"{hours_in(unstated)} hours of {month} were not stated: {in_words(unstated)}"
        super().__init__(told)


class MonthUnsteadyError(Exception):
    """A frozen month's balances still moved while they were read; the month was opened again."""


@dataclass(frozen=True, slots=True)
class ClosedMonth:
    """`corrected` differences were posted as adjustments; `unposted` ids will be adjustments.

    `unstated` hours were closed unknown. All are empty for a month that was closed before.
    """

    month: str
    corrected: tuple[Difference, ...] = ()
    unposted: tuple[EntryId, ...] = ()
    was_closed: bool = False
    unstated: tuple[Window, ...] = ()


def close_month(
    month: str,
    at: datetime,
    *,
    ledger: LedgerStore,
    reader: EntryReader,
    archive: UsageArchive,
    gates: MonthGates,
    statements: StatementStore,
    touched: TouchedHours,
    post: Callable[[Sequence[Entry]], object],
    by: str,
    in_order: InOrder = map,
    with_unknown_hours: bool = False,
) -> ClosedMonth:
    """Freeze the month, sum its entries again, post what differs, and mark it closed.

    The hours are checked before the freeze, so that only those that were posted to since are
    read while postings to the month wait. An error opens the month again, unless another close
    has frozen it since: that one goes on. A close that was broken off is finished by calling it
    again.

    Args:
        post: posts the corrections to the ledger (`post_entries`).
        by: names this close and no other.
        in_order: how hours are checked, of which none waits for another.
        with_unknown_hours: somebody has said that hours without a statement may stay so.

    Raises:
        MonthNotOverError: `at` lies before the month's end.
        EarlierMonthOpenError: see there. Nothing was closed.
        MonthUnsettledError: likewise.
        HoursUnstatedError: likewise.
        MonthUnsteadyError: see there.
        FreezeTakenOverError: another close began meanwhile, and what comes of it is that one's.
    """
    window = month_window(month)
    if at < window.end:
        raise MonthNotOverError(f"{month} ends at {window.end:%Y-%m-%d %H:%M} UTC")
    _require_in_order(month, gates, statements)
    if gates.state(month) is MonthState.CLOSED:
        return _finish(month, gates)
    _require_settled(month, window, touched)
    unstated = unstated_hours(window, statements)
    if unstated and not with_unknown_hours:
        raise HoursUnstatedError(month, unstated)
    posted_before = ledger.posted_between(window)
    checked = list(
        check_hours(window, ledger=ledger, reader=reader, archive=archive, in_order=in_order)
    )
    try:
        with _frozen(month, gates, by):
            posted = ledger.posted_between(window)
            checked = [
                before
                if before.steady and posted.get(before.hour) == posted_before.get(before.hour)
                else _recheck(before.hour, ledger, reader, archive)
                for before in checked
            ]
            differences = tuple(each for hour in checked for each in hour.differences)
            wrong = [each for each in with_corrections(differences, reader) if not each.is_right]
            post([correction(each, hour_of(at).start) for each in wrong])
            gates.turn(month, MonthState.CLOSED, by=by)
    except MonthClosedError:  # by somebody else, meanwhile
        return _finish(month, gates)
    return ClosedMonth(
        month,
        corrected=differences,
        unposted=tuple(name for hour in checked for name in hour.unposted),
        unstated=unstated,
    )


@contextmanager
def _frozen(month: str, gates: MonthGates, by: str) -> Iterator[None]:
    """Postings to the month wait; an error undoes this freeze, and no other one's."""
    try:
        gates.turn(month, MonthState.FROZEN, by=by)
        yield
    except BaseException:
        gates.turn(month, MonthState.OPEN, by=by)
        raise


def _finish(month: str, gates: MonthGates) -> ClosedMonth:
    gates.turn(month, MonthState.CLOSED)  # who closed it may have been broken off
    return ClosedMonth(month, was_closed=True)


def _require_in_order(month: str, gates: MonthGates, statements: StatementStore) -> None:
    for earlier in reversed(months_before(month)):
        is_open = gates.state(earlier) is not MonthState.CLOSED
        if is_open and statements.stated_hours(month_window(earlier)):
            raise EarlierMonthOpenError(
                f"{earlier} is open: close it before {month}, which opens with what the year's"
                " earlier months came to"
            )


def _require_settled(month: str, window: Window, touched: TouchedHours) -> None:
    marked = touched.touched()
    if waiting := [each for each in marked if window.start <= each.hour < window.end]:
        raise MonthUnsettledError(month, waiting)


def _recheck(
    start: datetime, ledger: LedgerStore, reader: EntryReader, archive: UsageArchive
) -> CheckedHour:
    hour, leaves = hour_of(start), leaves_of(start, ledger)
    checked = verify_hour(hour, leaves, ledger=ledger, reader=reader, archive=archive)
    if not checked.steady:
        raise MonthUnsteadyError(f"{start:%Y-%m-%dT%H}")
    return checked
