"""`bursar chargeback`: what a month is charged to whom, and closing a month."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, TextIO

import boto3
from cyclopts import Parameter

from bursar.adapters.dynamodb.closed_months import DynamoClosedMonthStore
from bursar.adapters.dynamodb.statements import DynamoStatementStore
from bursar.adapters.usage_codec import UsageArchiveCorruptError
from bursar.cli import clock
from bursar.cli.chargeback_tables import write_tables
from bursar.cli.chargeback_views import write_csv, write_focus, write_json
from bursar.cli.deployed import UNANSWERED, deployed_table, leave_unanswered
from bursar.cli.deployed_ledger import DeployedLedger
from bursar.cli.exits import Exit, leave
from bursar.cli.months import CLOSE_ANYHOW, WithUnknownHours, check_month
from bursar.domain.chargeback import Chargeback
from bursar.domain.focus import BillingAccount
from bursar.domain.ledger.lines import Statement
from bursar.domain.ledger.months import FreezeTakenOverError, MonthBusyError
from bursar.jobs.charge_back import (
    MonthNotBegunError,
    charge_back,
    close_chargeback,
    stated_days,
)
from bursar.jobs.close_month import (
    EarlierMonthOpenError,
    HoursUnstatedError,
    MonthNotOverError,
    MonthUnsettledError,
    MonthUnsteadyError,
)
from bursar.jobs.post_usage import LedgerBusyError

Help = Parameter
FormatName = Literal["table", "json", "csv", "focus", "focus-csv", "focus-json"]
_REFUSED = (MonthNotBegunError, MonthNotOverError)
_NOT_CLOSED = (
    EarlierMonthOpenError,
    FreezeTakenOverError,
    MonthBusyError,
    MonthUnsettledError,
    MonthUnsteadyError,
    LedgerBusyError,
    UsageArchiveCorruptError,
)


def chargeback(
    *,
    month: Annotated[str, Help(help="the UTC month, 2026-11")],
    close: Annotated[
        bool, Help(negative="", help="close the month for good, and freeze its accounts")
    ] = False,
    with_unknown_hours: WithUnknownHours = False,
    format: Annotated[FormatName, Help(help="what to write; focus is focus-csv")] = "table",
    out: Annotated[Path | None, Help(help="write to this file instead of the output")] = None,
    stack: Annotated[
        str, Help(help="the deployed stack, whose outputs name table and bucket")
    ] = "Bursar",
    region: Annotated[str | None, Help(help="where it is deployed; default: AWS' own")] = None,
    table: Annotated[str | None, Help(help="the table itself, instead of --stack")] = None,
    bucket: Annotated[
        str | None, Help(help="the bucket of archived usage, instead of --stack; for --close")
    ] = None,
    billing_account: Annotated[
        str | None, Help(help="the FOCUS BillingAccountId; default: the account asked from")
    ] = None,
    json: Annotated[bool, Help(negative="", help="--format json; with focus, focus-json")] = False,
) -> None:
    """Charge a month to teams and tenants: opening, charges, adjustments, closing.

    Charges and adjustments sum to the ledger's total. A closed month stays as it was closed;
    what is found out later is an adjustment in the month that it was found in.

    Exit code 2: wrong input, or a month that is not over. 3: AWS cannot be asked. 4: the month
    cannot be closed yet: an earlier one of its year is open, hours of it are not stated, or repeat
    it later; or archived usage of it cannot be read.
    """
    check_month(month)
    if with_unknown_hours and not close:
        leave(Exit.WRONG_INPUT, ["--with-unknown-hours is said together with --close"])
    if json:
        format = "focus-json" if format.startswith("focus") else "json"
    at = clock.now()
    try:
        kept = deployed_table(table, stack, region)
        statements, closed_months = DynamoStatementStore(kept), DynamoClosedMonthStore(kept)
        if close:
            shown = close_chargeback(
                month,
                at,
                statements=statements,
                closed_months=closed_months,
                close_ledger=partial(
                    DeployedLedger.find(table, bucket, stack, region).close,
                    with_unknown_hours=with_unknown_hours,
                ),
            )
        else:
            shown = charge_back(month, at, statements=statements, closed_months=closed_months)
        days: Sequence[Statement] = ()
        account = billing_account or ""
        if format.startswith("focus"):
            days, account = stated_days(shown, statements), account or _account(region)
    except UNANSWERED as error:
        leave_unanswered(error, stack)
    except _REFUSED as error:
        leave(Exit.WRONG_INPUT, [str(error)])
    except HoursUnstatedError as error:
        leave(Exit.UNREADABLE, [str(error), CLOSE_ANYHOW])
    except _NOT_CLOSED as error:
        leave(Exit.UNREADABLE, [str(error)])
    with _output(out) as file:
        write(shown, days, format, BillingAccount(account, account), file)


def write(
    shown: Chargeback,
    days: Sequence[Statement],
    format: FormatName,
    account: BillingAccount,
    file: TextIO,
) -> None:
    match format:
        case "table":
            write_tables(shown, file)
        case "json":
            write_json(shown, file)
        case "csv":
            write_csv(shown, file)
        case _:
            write_focus(shown, days, account, file, as_csv=format != "focus-json")


def _account(region: str | None) -> str:
    return str(boto3.client("sts", region_name=region).get_caller_identity()["Account"])


@contextmanager
def _output(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        return
    try:
        with out.open("w", encoding="utf-8", newline="") as file:
            yield file
    except OSError as error:
        leave(Exit.WRONG_INPUT, [f"{out}: {error.strerror}"])
