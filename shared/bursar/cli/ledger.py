"""`bursar ledger`: does it add up, and closing a month of it."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter
from rich.console import Console

from bursar.adapters.usage_codec import UsageArchiveCorruptError
from bursar.cli import clock
from bursar.cli.deployed import UNANSWERED, leave_unanswered
from bursar.cli.exits import Exit, leave
from bursar.cli.ledger_differences import difference_in_words, difference_json
from bursar.cli.ledger_replay import replay
from bursar.cli.ledger_views import print_json
from bursar.cli.months import CLOSE_ANYHOW, WithUnknownHours, check_month
from bursar.cli.shown_text import shown_text
from bursar.cli.where_ledger import Where
from bursar.domain.ledger.months import (
    FreezeTakenOverError,
    MonthBusyError,
    hours_in,
    in_words,
    month_name,
)
from bursar.jobs.close_month import (
    ClosedMonth,
    EarlierMonthOpenError,
    HoursUnstatedError,
    MonthNotOverError,
    MonthUnsettledError,
    MonthUnsteadyError,
)
from bursar.jobs.post_usage import LedgerBusyError
from bursar.jobs.verify_ledger import VerifiedMonth

Help = Parameter
_DIFFERS = 1
_NAMES_SHOWN = 10
_NOT_CLOSED = (
    EarlierMonthOpenError,
    FreezeTakenOverError,
    MonthBusyError,
    MonthUnsettledError,
    UsageArchiveCorruptError,
)

app = App(
    name="ledger", help="Verify the ledger of usage, replay its archive, or close a month of it."
)
app.command(replay)


_HERE = Where()
Month = Annotated[str, Help(help="the UTC month, 2026-11")]
MonthOrThis = Annotated[str | None, Help(help="the UTC month, 2026-11; default: this one")]


@app.command
def verify(*, month: MonthOrThis = None, where: Where = _HERE) -> None:
    """Sum every entry of a month again and compare the sums with the hourly balances.

    Adjustments that name the month are compared too, in every hour since it. The windows of
    enforced budgets are not: what was charged to one followed from the configuration and the
    reservations of its time.

    Exit code 0: they agree. 1: they do not. 2: wrong input. 3: AWS cannot be asked. 4: an
    archived file cannot be read.
    """
    now = clock.now()
    month = month or month_name(now)
    check_month(month)
    try:
        verified = where.ledger().verify(month, now)
    except UNANSWERED as error:
        leave_unanswered(error, where.stack)
    except UsageArchiveCorruptError as error:
        leave(Exit.UNREADABLE, [str(error)])
    if where.json:
        print_json(_verified_json(verified))
    else:
        _print_verified(verified)
    if not verified.holds:
        raise SystemExit(_DIFFERS)


@app.command
def close(
    *, month: Month, with_unknown_hours: WithUnknownHours = False, where: Where = _HERE
) -> None:
    """Close a month of usage: freeze it, sum it again, post what differs.

    From then on late usage of the month is an adjustment in the month that it comes in.
    `bursar chargeback --close` does this too, and freezes what everybody is charged.

    Exit code 2: wrong input, or a month that is not over. 3: AWS cannot be asked. 4: an earlier
    month of its year is open; hours of it are not stated, or wait to be stated again; postings
    kept coming in, or another close began meanwhile: repeat it later; or an archived file cannot
    be read. The month stays open.
    """
    check_month(month)
    try:
        closed = where.ledger().close(month, clock.now(), with_unknown_hours=with_unknown_hours)
    except UNANSWERED as error:
        leave_unanswered(error, where.stack)
    except MonthNotOverError as error:
        leave(Exit.WRONG_INPUT, [str(error)])
    except HoursUnstatedError as error:
        leave(Exit.UNREADABLE, [str(error), CLOSE_ANYHOW])
    except MonthUnsteadyError as error:
        leave(Exit.UNREADABLE, [f"{error}: usage kept coming in; repeat it later"])
    except LedgerBusyError:
        leave(Exit.UNREADABLE, ["the ledger was too busy for the corrections; repeat it later"])
    except _NOT_CLOSED as error:
        leave(Exit.UNREADABLE, [str(error)])
    if where.json:
        print_json(_closed_json(closed))
    else:
        _print_closed(closed)


def _verified_json(verified: VerifiedMonth) -> dict[str, Any]:
    return {
        "month": verified.month,
        "holds": verified.holds,
        "differences": [difference_json(each) for each in verified.differences],
        "corrected": [difference_json(each) for each in verified.corrected],
        "adjustments": [difference_json(each) for each in verified.adjustments],
        "unposted": [list(name) for name in verified.unposted],
        "unsteady": [hour.isoformat() for hour in verified.unsteady],
    }


def _closed_json(closed: ClosedMonth) -> dict[str, Any]:
    return {
        "month": closed.month,
        "was_closed": closed.was_closed,
        "corrected": [difference_json(each) for each in closed.corrected],
        "unposted": [list(name) for name in closed.unposted],
        "unstated": [
            {"from": each.start.isoformat(), "to": each.end.isoformat()}
            for each in closed.unstated
        ],
    }


def _print_verified(verified: VerifiedMonth) -> None:
    out = Console()
    if verified.holds:
        out.print(f"{verified.month}: every hourly balance is the sum of its entries.")
        out.print("Windows of enforced budgets are not compared.")
    for difference in (*verified.differences, *verified.adjustments):
        out.print(shown_text(difference_in_words(difference)))
    for hour in verified.unsteady:
        out.print(f"{hour:%Y-%m-%d %H}:00: usage kept coming in; repeat it later.")
    if verified.corrected:
        out.print(f"{len(verified.corrected)} differences were put right when the month closed.")
    if verified.unposted:
        names = ", ".join("/".join(name) for name in verified.unposted[:_NAMES_SHOWN])
        told = f"{len(verified.unposted)} archived records are not posted (yet): {names}"
        out.print(shown_text(told))


def _print_closed(closed: ClosedMonth) -> None:
    out = Console()
    if closed.was_closed:
        out.print(f"{closed.month} was closed before.")
        return
    out.print(f"{closed.month} is closed; {len(closed.corrected)} differences were put right.")
    if closed.unstated:
        out.print(f"{hours_in(closed.unstated)} hours stay unknown: {in_words(closed.unstated)}.")
    for difference in closed.corrected:
        out.print(shown_text(difference_in_words(difference)))
