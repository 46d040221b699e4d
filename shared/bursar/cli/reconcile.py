"""`bursar reconcile`: the metered book against what AWS and model providers bill."""

from __future__ import annotations

import json as json_text
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Literal

import boto3
from cyclopts import Parameter
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bursar.adapters.dynamodb.spend import DynamoSpendStore
from bursar.adapters.dynamodb.statements import DynamoStatementStore
from bursar.cli import clock
from bursar.cli.deployed import UNANSWERED, caller_account, deployed_table, leave_unanswered
from bursar.cli.exits import Exit, leave, warn
from bursar.cli.ledger_views import plain
from bursar.cli.months import check_month
from bursar.cli.shown_text import shown_text
from bursar.domain.cost_report import apportion
from bursar.domain.money import Money
from bursar.domain.reconciliation.aws_bill import ReconciledDay, Reconciliation
from bursar.domain.reconciliation.corrections import LATER
from bursar.domain.reconciliation.provider_bill import (
    ModelDay,
    ProviderBillUnavailableError,
    ProviderKeyMissingError,
    ProviderReconciliation,
)
from bursar.domain.spend import Metric
from bursar.jobs.reconcile import NothingToReconcileError, ReconciledMonth, reconcile_month
from bursar.web.wording import dollars
from bursar.wiring.provider_bills import provider_bills

Help = Parameter
MetricName = Literal["UnblendedCost", "NetAmortizedCost"]


def reconcile(
    *,
    month: Annotated[str, Help(help="the UTC month, 2026-11")],
    metric: Annotated[MetricName, Help(help="Cost Explorer's metric")] = "UnblendedCost",
    openai_secret: Annotated[
        str | None, Help(help="the Secrets Manager secret of an OpenAI admin key: compare it too")
    ] = None,
    anthropic_secret: Annotated[
        str | None, Help(help="the secret of an Anthropic admin key: compare it too")
    ] = None,
    stack: Annotated[str, Help(help="the deployed stack")] = "Bursar",
    region: Annotated[str | None, Help(help="where it is deployed; default: AWS' own")] = None,
    table: Annotated[str | None, Help(help="the table itself, instead of --stack")] = None,
    account: Annotated[
        str | None, Help(help="the billed account; default: the one asked from")
    ] = (None),
    json: Annotated[bool, Help(negative="", help="print JSON; amounts are strings")] = False,
) -> None:
    """Compare what was metered with what is billed, day by day, and name every difference.

    Exit code 1: closed days differ by more than 2%. 2: wrong input. 3: AWS or a provider cannot
    be asked.
    """
    check_month(month)
    try:
        kept = deployed_table(table, stack, region)
        found = reconcile_month(
            month,
            clock.now(),
            account=account or caller_account(region),
            metric=Metric(metric),
            statements=DynamoStatementStore(kept),
            spend=DynamoSpendStore(kept),
            bills=provider_bills(
                openai_secret,
                anthropic_secret,
                partial(boto3.client, "secretsmanager", region_name=region),
            ),
        )
    except NothingToReconcileError as error:
        leave(Exit.WRONG_INPUT, [str(error)])
    except ProviderKeyMissingError as error:
        leave(Exit.WRONG_INPUT, [f"{error}: name the secret and --region"])
    except ProviderBillUnavailableError as error:
        leave(Exit.NO_PRICE, [str(error)])
    except UNANSWERED as error:
        leave_unanswered(error, stack)
    (print_json if json else print_tables)(found)
    verdicts = [found.aws.agrees, *(each.agrees for each in found.providers)]
    warn(_not_compared(found.aws))
    if found.aws.agrees is None:
        warn(["no closed day has both a bill and statements: nothing can be said yet"])
    if False in verdicts:
        raise SystemExit(1)


def _not_compared(aws: Reconciliation) -> list[str]:
    """Days that tell nothing of whether the books agree."""
    told = []
    if aws.unmetered:
        days = ", ".join(map(str, aws.unmetered))
        told.append(f"billed, but nothing was stated of them, which is not zero: {days}")
    if aws.unbilled:
        days = ", ".join(map(str, aws.unbilled))
        told.append(f"stated, but there is no bill of them: {days}")
    return told


def to_json(found: ReconciledMonth) -> dict[str, Any]:
    """Amounts are strings of USD; parts sum to the difference. `agrees` null: not known yet.

    `booked_later` names no day: its parts and those of the days are the month's.
    """
    aws = found.aws
    share = aws.share
    return {
        "month": found.month,
        "currency": "USD",
        "agrees": aws.agrees,
        "residual_usd": aws.residual.plain(),
        "residual_percent": None if share is None else round(float(share) * 100, 4),
        "closed_days": len(aws.closed),
        "parts_usd": _plain(aws.parts),
        "days": [_day(day) for day in aws.days],
        "booked_later": {
            "parts_usd": _plain(aws.moved),
            "residual_usd": aws.moved_residual.plain(),
        },
        "unbilled_days": [day.isoformat() for day in aws.unbilled],
        "unmetered_days": [day.isoformat() for day in aws.unmetered],
        "providers": [_provider(each) for each in found.providers],
    }


def print_json(found: ReconciledMonth) -> None:
    sys.stdout.write(json_text.dumps(to_json(found), indent=2, ensure_ascii=False) + "\n")


def print_tables(found: ReconciledMonth) -> None:
    console = Console()
    verdict = {True: "agrees", False: "differs", None: "not known yet"}
    aws = found.aws
    console.print(f"{found.month}: {verdict[aws.agrees]}; residual of closed days {aws.residual}")
    books = _both_books(aws.days)
    table = Table("difference", box=SIMPLE_HEAD)
    table.add_column("USD", justify="right")
    parts = sorted(aws.parts.items(), key=lambda item: -abs(item[1].amount))
    whole = sum((difference for *_, difference in books), Decimal(0))
    for (name, _), cents in zip(parts, apportion([usd for _, usd in parts], whole), strict=True):
        table.add_row(shown_text(name), dollars(cents))
    console.print(table)
    days = Table("day", box=SIMPLE_HEAD)
    for name in ("billed", "metered", "difference", "residual"):
        days.add_column(name, justify="right")
    residuals = apportion([*(day.residual for day in aws.days), aws.moved_residual])
    for day, book, residual in zip(aws.days, books, residuals, strict=False):
        shown = map(dollars, (*book, residual))
        days.add_row(f"{day.day}{'' if day.closed else ' *'}", *shown)
    if aws.moved:  # of the month, and of no day
        days.add_row(LATER, "", "", "", dollars(residuals[-1]))
    console.print(days)
    for each in found.providers:
        console.print(_provider_table(each, verdict[each.agrees]))


def _provider_table(each: ProviderReconciliation, verdict: str) -> Table:
    table = Table(f"{each.provider}: {verdict}", box=SIMPLE_HEAD)
    for name in ("billed", "metered", "difference", "is"):
        table.add_column(name, justify="left" if name == "is" else "right")
    books = _both_books(each.rows)
    for row, book in zip(each.rows, books, strict=True):
        of_model = shown_text(f"{row.day} {row.model}")
        table.add_row(of_model, *_book_cells(book, row.metered), row.cause)
    moved = apportion(list(each.moved.values()))
    for cause, cents in zip(each.moved, moved, strict=True):
        table.add_row(LATER, "", "", dollars(cents), cause)
    table.add_section()
    total = [sum(column, Decimal(0)) for column in zip(*books, strict=True)]
    if total:
        table.add_row("total", *_book_cells(total, each.metered), "", style="bold")
    return table


def _book_cells(book: Sequence[Decimal], metered: Money | None) -> list[str]:
    """Billed, metered and their difference; what was metered may have no price."""
    billed, of_meter, difference = map(dollars, book)
    return [billed, "unpriced" if metered is None else of_meter, difference]


def _both_books(
    rows: Sequence[ReconciledDay] | Sequence[ModelDay],
) -> list[tuple[Decimal, Decimal, Decimal]]:
    """Billed, metered and their difference, in cents that add up along rows and columns."""
    billed = apportion([row.billed for row in rows])
    metered = apportion([row.metered or Money.zero() for row in rows])
    return [(one, other, one - other) for one, other in zip(billed, metered, strict=True)]


def _day(day: ReconciledDay) -> dict[str, Any]:
    return {
        "day": day.day.isoformat(),
        "closed": day.closed,
        "billed_usd": day.billed.plain(),
        "metered_usd": day.metered.plain(),
        "difference_usd": day.difference.plain(),
        "parts_usd": _plain(day.parts),
        "residual_usd": day.residual.plain(),
        "unseen_hours": day.unseen_hours,
        "unpriced_tokens": day.unpriced_tokens,
    }


def _provider(each: ProviderReconciliation) -> dict[str, Any]:
    return {
        "provider": each.provider,
        "agrees": each.agrees,
        "billed_usd": each.billed.plain(),
        "metered_usd": plain(each.metered),
        "parts_usd": _plain(each.parts),
        "booked_later": {"parts_usd": _plain(each.moved)},
        "rows": [
            {
                "day": row.day.isoformat(),
                "model": row.model,
                "billed_usd": row.billed.plain(),
                "metered_usd": plain(row.metered),
                "difference_usd": row.difference.plain(),
                "cause": row.cause,
            }
            for row in each.rows
        ],
    }


def _plain(amounts: Mapping[str, Money]) -> dict[str, str]:
    return {name: usd.plain() for name, usd in amounts.items()}
