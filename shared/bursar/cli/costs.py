"""`bursar costs`: what the deployed guard has closed, by whatever costs are kept by."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal

from cyclopts import Parameter

from bursar.adapters.dynamodb.costs import DynamoCostHistory
from bursar.adapters.dynamodb.health import DynamoHealthLog
from bursar.cli import clock
from bursar.cli.costs_views import print_json, print_tables
from bursar.cli.deployed import UNANSWERED, deployed_table, leave_unanswered
from bursar.cli.exits import Exit, leave, warn
from bursar.domain.cluster.breakdowns import Breakdown, UnknownBreakdownError
from bursar.domain.cost_report.timeline import Per
from bursar.domain.periods import DAY, Window, midnight, month_of
from bursar.jobs.read_costs import SpanCosts, read_costs
from bursar.ports import CostHistory, HealthLog

Help = Parameter
PerName = Literal["hour", "day", "month"]

_CLUSTER_SOURCE = "cluster/"


def costs(
    *,
    stack: Annotated[
        str, Help(help="the deployed stack, whose output names the table")
    ] = "Bursar",
    region: Annotated[str | None, Help(help="where it is deployed; default: AWS' own")] = None,
    table: Annotated[str | None, Help(help="the table itself, instead of --stack")] = None,
    cluster: Annotated[
        tuple[str, ...], Help(negative="", help="default: every cluster known")
    ] = (),
    by: Annotated[
        str, Help(help="namespace, workload, model, node_group, zone, category or label:NAME")
    ] = "namespace",
    from_: Annotated[str | None, Help(name="--from", help="the first UTC day, 2026-11-01")] = None,
    to: Annotated[str | None, Help(help="the UTC day after the last one")] = None,
    month: Annotated[str | None, Help(help="2026-11; default: this month, with its run rate")] = (
        None
    ),
    per: Annotated[PerName | None, Help(help="also list each hour, day or month")] = None,
    json: Annotated[bool, Help(negative="", help="print JSON; amounts are strings")] = False,
) -> None:
    """Show what clusters have cost, as the deployed Bursar has metered and closed it.

    Whatever it is broken down by, the lines sum to the same total. Hours that nobody saw are
    unknown, counted apart, and in no amount.

    Exit code 2: wrong input, or nothing of that name. 3: AWS cannot be asked.
    """
    now = clock.now()
    try:
        span, chosen = _span(from_, to, month, now), Breakdown.parse(by)
    except (UnknownBreakdownError, SpanError) as error:
        leave(Exit.WRONG_INPUT, [str(error)])
    try:
        kept = deployed_table(table, stack, region)
        history = DynamoCostHistory(kept)
        shown = read_costs(
            _clusters(cluster, span, history, DynamoHealthLog(kept)),
            span,
            by=chosen,
            per=Per(per) if per else None,
            now=now,
            history=history,
        )
    except UNANSWERED as error:
        leave_unanswered(error, stack)
    (print_json if json else print_tables)(shown)
    warn(_notes(shown))


class SpanError(ValueError):
    """Days that are no days, or that contradict each other."""


def _span(from_: str | None, to: str | None, month: str | None, now: datetime) -> Window:
    if month and (from_ or to):
        raise SpanError("give --month, or --from and --to, not both")
    if month:
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
            raise SpanError(f"--month {month!r} is not a month, such as 2026-11")
        span = month_of(midnight(date.fromisoformat(f"{month}-01")))
    elif from_ is None and to is None:
        span = month_of(now)
    elif from_ is None:
        raise SpanError("--to needs --from")
    else:
        first = _day("--from", from_)
        after = _day("--to", to) if to else midnight(now.date()) + DAY
        if first >= after:
            raise SpanError("--to is the day after the last one: it must be later than --from")
        span = Window(first, after)
    if span.start > now:
        raise SpanError(f"{span.start.date()} has not begun: there is nothing closed yet")
    return span


def _day(option: str, text: str) -> datetime:
    try:
        return midnight(date.fromisoformat(text))
    except ValueError:
        raise SpanError(f"{option} {text!r} is not a day, such as 2026-11-01") from None


def _clusters(
    asked: Sequence[str], span: Window, history: CostHistory, health: HealthLog
) -> list[str]:
    """Those asked for, or all that were ever snapshotted. A name that nobody knows is refused:
    its figures would be `unknown` for another reason than blindness."""
    known = sorted(
        each.source.removeprefix(_CLUSTER_SOURCE)
        for each in health.all()
        if each.source.startswith(_CLUSTER_SOURCE)
    )
    strangers = [n for n in asked if n not in known and not history.days(n, span)]
    if strangers:
        told = f"the table knows {', '.join(known) or 'no cluster yet'}"
        leave(Exit.WRONG_INPUT, [f"no cluster {name!r}: {told}" for name in strangers])
    if not asked and not known:
        leave(Exit.WRONG_INPUT, ["no cluster has been seen yet: is one configured?"])
    return list(dict.fromkeys(asked)) or known


def _notes(shown: SpanCosts) -> list[str]:
    if not (seconds := shown.forgotten_seconds):
        return []
    hours = round(seconds / 3600)
    return [f"{hours} closed hours have expired; their days are known: ask --per day"]
