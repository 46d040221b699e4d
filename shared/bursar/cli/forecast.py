"""`bursar forecast`: what a month will come to, as the deployed guard has foreseen it."""

from __future__ import annotations

import json as json_text
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import boto3
from cyclopts import Parameter

from bursar.adapters.cost_explorer_forecast import CostExplorerForecaster
from bursar.adapters.dynamodb.anomalies import DynamoAnomalyStore
from bursar.adapters.dynamodb.counters import DynamoCounter
from bursar.adapters.dynamodb.forecasts import DynamoForecastStore
from bursar.adapters.dynamodb.spend import DynamoSpendStore
from bursar.adapters.dynamodb.statements import DynamoStatementStore
from bursar.cli import clock
from bursar.cli.deployed import UNANSWERED, deployed_table, leave_unanswered
from bursar.cli.exits import Exit, leave
from bursar.config import Config
from bursar.config_file import ConfigError, read_config
from bursar.domain.books import Book
from bursar.domain.money import Money
from bursar.domain.periods import Period, Window, day_of, month_window
from bursar.domain.series.names import SeriesName
from bursar.domain.spend import BillUnavailableError, SpendCapReachedError
from bursar.domain.spend_forecast.records import BilledForecast, SpendForecast
from bursar.jobs.read_forecast import ForeseenSeries, NothingForeseenError, read_forecast

Help = Parameter
BookName = Literal["ledger", "billed"]
_PAGES_A_DAY = 6  # of Cost Explorer, where no configuration says otherwise
_APART = {
    Book.LEDGER: "corrections of closed months",
    Book.BILLED: "tax, fees, credits or purchases",
}
_NO_BUDGET = "no monthly budget of that scope"


@dataclass(frozen=True, slots=True)
class Beside:
    """Cost Explorer's own forecast of the rest of the month, and what lies before it."""

    told: BilledForecast
    since: datetime


def forecast(
    *,
    scope: Annotated[
        str | None,
        Help(help="team=search, service=..., tag:team=...; default: all that the book holds"),
    ] = None,
    book: Annotated[BookName, Help(help="usage and clusters, or the bill")] = "ledger",
    config: Annotated[
        Path | None, Help(help="bursar.yaml, for the budget's line and the pages that are paid")
    ] = None,
    aws: Annotated[
        bool, Help(negative="", help="ask Cost Explorer's own forecast beside it, for $0.01")
    ] = False,
    stack: Annotated[str, Help(help="the deployed stack")] = "Bursar",
    region: Annotated[str | None, Help(help="where it is deployed; default: AWS' own")] = None,
    table: Annotated[str | None, Help(help="the table itself, instead of --stack")] = None,
    account: Annotated[str | None, Help(help="of the bill; default: the one asked from")] = None,
    html: Annotated[Path | None, Help(help="also write a page with charts to this file")] = None,
    json: Annotated[bool, Help(negative="", help="print JSON; amounts are strings")] = False,
) -> None:
    """Show what the month will come to: exact so far, and a forecast of the rest.

    Exit code 2: wrong input, or nothing foreseen of that name. 3: AWS cannot be asked.
    """
    now, read = clock.now(), _config(config)
    asked: SeriesName | Book = SeriesName(Book(book), scope) if scope else Book(book)
    beside = None
    try:
        kept = deployed_table(table, stack, region)
        of_account = account or (_caller(region) if Book(book) is Book.BILLED else "")
        shown = read_forecast(
            asked,
            now,
            of_account,
            statements=DynamoStatementStore(kept),
            spend=DynamoSpendStore(kept),
            forecasts=DynamoForecastStore(kept),
            anomalies=DynamoAnomalyStore(kept),
        )
        if aws:
            pages = read.spend.pages_per_day if read else _PAGES_A_DAY
            client = boto3.client("ce", region_name="us-east-1")
            asked_of = CostExplorerForecaster(client, DynamoCounter(kept), pages)
            beside = _ask_aws(asked_of, shown.forecast, now)
    except (NothingForeseenError, BillUnavailableError, SpendCapReachedError) as error:
        is_ours = isinstance(error, NothingForeseenError)
        leave(Exit.WRONG_INPUT if is_ours else Exit.NO_PRICE, [str(error)])
    except UNANSWERED as error:
        leave_unanswered(error, stack)
    limit = _limit(read, shown.forecast)
    if html:
        from bursar.web.forecast_page import render_forecast  # here: templates take a while

        try:
            html.write_text(render_forecast(shown, lines_of(shown, limit, beside), limit), "utf-8")
        except OSError as error:
            leave(Exit.WRONG_INPUT, [f"{html}: {error.strerror}"])
    if json:
        told = to_json(shown, limit, beside)
        sys.stdout.write(json_text.dumps(told, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in lines_of(shown, limit, beside)))


def _ask_aws(
    asked_of: CostExplorerForecaster, made: SpendForecast, now: datetime
) -> Beside | None:
    """From today on: it foresees no day that has passed. None when the month is over."""
    rest = Window(day_of(now).start, month_window(made.month).end)
    return Beside(asked_of.forecast(made.series.scope, rest, now), rest.start)


def lines_of(shown: ForeseenSeries, limit: Money | None, beside: Beside | None) -> list[str]:
    """What there is to say, the most important first."""
    made = shown.forecast
    if outcome := made.outcome:
        lines = [
            f"{made.series.scope}: {outcome.expected} expected for {made.month}.",
            f"80 of 100: {outcome.low80} to {outcome.high80};"
            f" 95 of 100: {outcome.low95} to {outcome.high95}.",
        ]
    else:
        lines = [
            f"{made.series.scope}: {made.month} is not foreseen: {made.history_days} whole days"
            f" are known, and {made.needed_days} are needed."
        ]
    lines.append(
        f"{made.so_far} so far, up to {made.day} (UTC), from the {made.series.book} book."
    )
    if made.apart:
        lines.append(f"{made.apart} of that is {_APART[made.series.book]}: not extended.")
    if made.unknown_days:
        lines.append(f"{made.unknown_days} days of the month are unknown, and estimated.")
    if limit and made.outcome:
        share = float((made.outcome.expected.over(limit) or 0) * 100)
        lines.append(f"The budget is {limit}: {share:.0f}% of it are expected.")
    if beside:
        told = beside.told
        lines.append(
            f"Cost Explorer itself foresees {told.expected} from {beside.since:%Y-%m-%d} on,"
            f" {told.low80} to {told.high80} in 80 of 100."
        )
    lines += [
        f"Unusual since {event.started_at:%Y-%m-%d}: {event.size} in {event.series.scope}"
        f" ({event.state}; {event.id})."
        for event in shown.events
        if event.ended is None
    ]
    return lines


def to_json(shown: ForeseenSeries, limit: Money | None, beside: Beside | None) -> dict[str, Any]:
    made = shown.forecast.model_dump(mode="json", exclude={"series"})
    return {
        "book": shown.forecast.series.book,
        "scope": shown.forecast.series.scope,
        "currency": "USD",
        **made,
        "budget": limit.plain() if limit else None,
        "cost_explorer": beside.told.model_dump(mode="json") | {"from": beside.since.isoformat()}
        if beside
        else None,
        "days": [
            {"day": f"{at:%Y-%m-%d}", "usd": usd.plain() if usd is not None else None}
            for at, usd in shown.days
        ],
        "anomalies": [event.id for event in shown.events],
    }


def _config(path: Path | None) -> Config | None:
    try:
        return read_config(path) if path else None
    except ConfigError as error:
        leave(Exit.WRONG_INPUT, str(error).splitlines())


def _limit(config: Config | None, made: SpendForecast) -> Money | None:
    """Of the first monthly budget of that scope."""
    budgets = config.budgets if config else ()
    return next(
        (
            budget.limit
            for budget in budgets
            if budget.period is Period.MONTH and str(budget.scope) == made.series.scope
        ),
        None,
    )


def _caller(region: str | None) -> str:
    return str(boto3.client("sts", region_name=region).get_caller_identity()["Account"])
