"""`bursar kpis`: what a unit of work costs, against targets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from cyclopts import Parameter
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bursar.adapters.dynamodb.cluster_use import DynamoClusterUseStore
from bursar.adapters.dynamodb.costs import DynamoCostHistory
from bursar.adapters.dynamodb.health import DynamoHealthLog
from bursar.adapters.dynamodb.statements import DynamoStatementStore
from bursar.cli import clock
from bursar.cli.deployed import UNANSWERED, clusters_seen, deployed_table, leave_unanswered
from bursar.cli.exits import Exit, leave
from bursar.cli.ledger_views import plain, print_json
from bursar.cli.months import check_month
from bursar.config.kpis import Kpis
from bursar.config_file import ConfigError, read_section
from bursar.domain.attribution.dry_run import owner_labels
from bursar.domain.attribution.rules import Attribution
from bursar.domain.kpi_targets import RATIOS
from bursar.domain.kpis import KpiResult, MonthFigures
from bursar.domain.ledger.months import month_name
from bursar.domain.money import Money
from bursar.domain.periods import add_months, midnight, month_of, month_window
from bursar.domain.trends import Trend
from bursar.domain.unit_economics import ServiceMonth
from bursar.jobs.measure_kpis import MeasuredKpis, ServiceEconomics, measure_kpis

Help = Parameter
_Figure: TypeAlias = float | str | None  # amounts are strings
_MONTHS_SHOWN = 6
_NO_DATA = "no data"
_BASES = (
    "Per request: what serving cost (usage basis), for requests with a price. All else is of USD,"
    " which has idle and training too."
)


def kpis(
    *,
    from_: Annotated[
        str | None, Help(name="--from", help="the first month; default: six months with this one")
    ] = None,
    to: Annotated[str | None, Help(help="the month after the last; default: the next one")] = None,
    config: Annotated[
        Path | None, Help(help="a bursar.yaml: kpis has targets, users and revenue")
    ] = None,
    stack: Annotated[str, Help(help="the deployed stack")] = "Bursar",
    region: Annotated[str | None, Help(help="where it is deployed; default: AWS' own")] = None,
    table: Annotated[str | None, Help(help="the table itself, instead of --stack")] = None,
    json: Annotated[bool, Help(negative="", help="print JSON; amounts are strings")] = False,
) -> None:
    """Show KPIs with targets, their efficiency score, and unit economics of each service.

    What has no data says so, and is never $0. Exit code 2: wrong input. 3: AWS cannot be asked.
    """
    now = clock.now()
    months = _months(from_, to, now)
    try:
        told, policy = Kpis(), Attribution()
        if config:
            told = read_section(config, "kpis", Kpis, otherwise=told)
            policy = read_section(config, "attribution", Attribution, otherwise=policy)
    except ConfigError as error:
        leave(Exit.WRONG_INPUT, error.problems)
    try:
        kept = deployed_table(table, stack, region)
        measured = measure_kpis(
            months,
            now,
            told,
            clusters=clusters_seen(DynamoHealthLog(kept)),
            statements=DynamoStatementStore(kept),
            history=DynamoCostHistory(kept),
            use=DynamoClusterUseStore(kept),
            owner_labels=owner_labels(policy),
        )
    except UNANSWERED as error:
        leave_unanswered(error, stack)
    if json:
        print_json(to_json(measured))
    else:
        print_tables(measured)


def to_json(measured: MeasuredKpis) -> dict[str, Any]:
    """Amounts are strings; ratios, scores and figures of trends are numbers. null is no data."""
    return {
        "months": list(measured.months),
        "last_month_is_partial": measured.partial,
        "unstated_hours": {each.month: each.unstated_hours for each in measured.figures},
        "efficiency_score": measured.score,
        "kpis": [_kpi(each) for each in measured.results],
        "serving": [_served(each) for each in measured.figures],
        "services": [_service(each) for each in measured.services],
    }


def print_tables(measured: MeasuredKpis) -> None:
    console = Console()
    score = _NO_DATA if measured.score is None else f"{measured.score:.0f} of 100"
    last = measured.months[-1]
    console.print(f"{last}{' so far' if measured.partial else ''}: efficiency score {score}")
    table = Table("KPI", "value", "target", "status", "trend", box=SIMPLE_HEAD)
    for each in measured.results:
        target = f"{each.target.target:g}" if each.target else ""
        table.add_row(
            str(each.kpi), _shown(each.value), target, str(each.status), str(each.trend.direction)
        )
    console.print(table)
    left_out = measured.figures[-1].serving
    if left_out.unpriced_requests or left_out.unpriced.total:
        console.print(
            f"{left_out.unpriced_requests:,} requests and {left_out.unpriced.total:,} tokens have"
            " no price: they are in no cost per request or per token."
        )
    for service in measured.services:
        table = Table(box=SIMPLE_HEAD)
        table.add_column(service.name, min_width=len("2026-11"), overflow="fold")
        table.add_column("USD", justify="right", no_wrap=True)
        for name in ("per request", "per user", "per revenue $", "margin"):
            table.add_column(name, justify="right", overflow="fold")
        for month in service.months:
            table.add_row(month.month, *_cells(month))
        console.print(table)
    if measured.services:
        console.print(_BASES, highlight=False)
    for note in (*_unstated(measured.figures), *_unpriced(measured), *_unmatched(measured)):
        console.print(note, highlight=False, markup=False)


def _cells(month: ServiceMonth) -> list[str]:
    amounts = (month.usd_per_request, month.usd_per_user, month.usd_per_revenue_dollar)
    told = [_NO_DATA if usd is None else usd.plain() for usd in amounts]
    share = month.margin_share
    usd = _NO_DATA if month.usd is None else str(month.usd)
    margin = _NO_DATA if share is None else f"{share:.1%}"
    return [f"{usd} (part)" if month.is_part else usd, *told, margin]


def _unstated(months: Sequence[MonthFigures]) -> list[str]:
    notes = []
    if never := [each.month for each in months if each.usd is None]:
        notes.append(f"Nothing is stated of {', '.join(never)}: unknown, which is not zero.")
    for each in months:
        if each.usd is not None and each.unstated_hours:
            notes.append(
                f"{each.unstated_hours} hours of {each.month} were not stated: it is in no trend,"
                " and its cost is a part, which is divided by no users, actions or revenue."
            )
    return notes


def _unpriced(measured: MeasuredKpis) -> list[str]:
    """A margin without what has no price is too good."""
    notes = []
    for service in measured.services:
        for month in service.months:
            requests, tokens = month.unpriced_requests, month.serving.unpriced.total
            if requests or tokens:
                less = ", and its margin is less" if month.margin is not None else ""
                notes.append(
                    f"{service.name}: {requests:,} requests and {tokens:,} tokens of {month.month}"
                    f" have no price: what they cost is in no figure of it{less}."
                )
    return notes


def _unmatched(measured: MeasuredKpis) -> list[str]:
    """Months that were stated, and have no line of a service: its scope may be mistyped."""
    stated = {each.month for each in measured.figures if each.usd is not None}
    notes = []
    for service in measured.services:
        months = [each.month for each in service.months if not each.is_used]
        if found := [month for month in months if month in stated]:
            notes.append(f"{service.name}: nothing of {', '.join(found)} is of its scope.")
    return notes


def _kpi(each: KpiResult) -> dict[str, Any]:
    told = _as_told if each.kpi in RATIOS else _amount
    return {
        "kpi": str(each.kpi),
        "value": told(each.value),
        "target": told(each.target.target) if each.target else None,
        "warning": told(each.target.warning) if each.target else None,
        "status": str(each.status),
        "score": each.score,
        "history": [{"month": month, "value": told(value)} for month, value in each.history],
        "trend": _trend(each.trend, told),
    }


def _served(each: MonthFigures) -> dict[str, Any]:
    """What cost per request and per token are made of, and what they leave out."""
    served = each.serving
    return {
        "month": each.month,
        "usd": None if each.usd is None else plain(served.known_usd),
        "priced_requests": served.priced_requests,
        "priced_tokens": served.tokens.total,
        "unpriced_requests": served.unpriced_requests,
        "unpriced_tokens": served.unpriced.total,
    }


def _service(each: ServiceEconomics) -> dict[str, Any]:
    return {
        "service": each.name,
        "months": [
            {
                "month": month.month,
                "usd": plain(month.usd),
                "serving_usd": plain(month.serving.known_usd) if month.usd is not None else None,
                "requests": month.requests if month.is_used else None,
                "unpriced_requests": month.unpriced_requests if month.is_used else None,
                "unstated_hours": month.unstated_hours,
                "users": month.users,
                "revenue_usd": plain(month.revenue),
                "usd_per_request": plain(month.usd_per_request),
                "usd_per_user": plain(month.usd_per_user),
                "usd_per_revenue_dollar": plain(month.usd_per_revenue_dollar),
                "margin_usd": plain(month.margin),
                "margin_share": month.margin_share,
            }
            for month in each.months
        ],
        "trends": {
            name: _trend(found, _amount if name.startswith("usd") else _as_told)
            for name, found in each.trends.items()
        },
    }


def _trend(found: Trend, told: Callable[[float | None], _Figure]) -> dict[str, Any]:
    return {
        "direction": str(found.direction),
        "points": found.points,
        "current": told(found.current),
        "mean": told(found.mean),
        "min": told(found.lowest),
        "max": told(found.highest),
        "slope_per_month": told(found.slope),
        "interval": [told(each) for each in found.interval] if found.interval else None,
        "confidence": found.confidence,
    }


def _as_told(value: float | None) -> _Figure:
    return value


def _amount(value: float | None) -> _Figure:
    return None if value is None else Money.estimate(value).plain()


def _months(from_: str | None, to: str | None, now: datetime) -> list[str]:
    for option, text in (("--from", from_), ("--to", to)):
        if text is not None:
            check_month(text, option)
    end = month_window(to).start if to else month_of(now).end
    start = (
        month_window(from_).start if from_ else midnight(add_months(end.date(), -_MONTHS_SHOWN))
    )
    months = []
    while start < end:
        months.append(month_name(start))
        start = month_of(start).end
    if not months:
        leave(Exit.WRONG_INPUT, ["--to is the month after the last: it must be after --from"])
    if month_window(months[0]).start > now:
        leave(Exit.WRONG_INPUT, [f"{months[0]} has not begun"])
    return months


def _shown(value: float | None) -> str:
    return _NO_DATA if value is None else f"{value:.6g}"
