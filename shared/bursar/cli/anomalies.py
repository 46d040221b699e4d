"""`bursar anomalies`: what is unusual, and a person's word on it."""

from __future__ import annotations

import json as json_text
import sys
from datetime import timedelta
from typing import Annotated, Any

import boto3
from cyclopts import App, Parameter
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from bursar.adapters.dynamodb.anomalies import DynamoAnomalyStore
from bursar.cli import clock
from bursar.cli.deployed import UNANSWERED, leave_unanswered
from bursar.cli.exits import Exit, leave
from bursar.cli.where_deployed import WhereDeployed
from bursar.domain.anomaly_events.events import AnomalyEvent, State
from bursar.jobs.review_anomaly import (
    AnomalyBusyError,
    AnomalyIsOverError,
    UnknownAnomalyError,
    review_anomaly,
)

Help = Parameter
EventId = Annotated[str, Help(name="ID", help="AN-..., as `bursar anomalies` lists it")]
_DRIVERS_SHOWN = 3

app = App(name="anomalies", help="What is unusual, and whether people expect it.")


_HERE = WhereDeployed()


@app.default
def anomalies(
    *,
    days: Annotated[int, Help(help="how far back what is over is shown")] = 30,
    where: WhereDeployed = _HERE,
    json: Annotated[bool, Help(negative="", help="print JSON; amounts are strings")] = False,
) -> None:
    """List anomalies that go on, that people expect, and that ended lately; the newest first.

    Exit code 2: wrong input, or nothing of that name. 3: AWS cannot be asked.
    """
    if days < 0:
        leave(Exit.WRONG_INPUT, ["--days is 0 or more"])
    try:
        kept = where.open_table()
        found = DynamoAnomalyStore(kept).known(clock.now() - timedelta(days=days))
    except UNANSWERED as error:
        leave_unanswered(error, where.stack)
    if json:
        told = [to_json(event) for event in found]
        sys.stdout.write(json_text.dumps(told, indent=2, ensure_ascii=False) + "\n")
        return
    columns = [Column(name, no_wrap=True) for name in ("id", "since", "latest")]
    table = Table(*columns, box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("off by", justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("what, and made by", overflow="fold")
    for event in found:
        made_by = ", ".join(
            f"{each.dimension} {each.name}" for each in event.drivers[:_DRIVERS_SHOWN]
        )
        since, latest = (f"{at:%Y-%m-%d}" for at in (event.started_at, event.latest_at))
        what = f"{event.series.scope}: {made_by}" if made_by else event.series.scope
        state = "over" if event.ended else str(event.state)
        table.add_row(*map(Text, (event.id, since, latest, str(event.size), state, what)))
    Console().print(table if found else "Nothing is unusual.")


@app.command
def acknowledge(event_id: EventId, /, *, where: WhereDeployed = _HERE) -> None:
    """Say that somebody looks at it: it goes on without another word, unless it doubles."""
    _review(event_id, State.ACKNOWLEDGED, where)


@app.command
def expected(event_id: EventId, /, *, where: WhereDeployed = _HERE) -> None:
    """Say that it is as it should be: what is like it (series, weekday, size) stays quiet."""
    _review(event_id, State.EXPECTED, where)


def _review(event_id: str, state: State, where: WhereDeployed) -> None:
    try:
        kept = where.open_table()
        by = boto3.client("sts", region_name=where.region).get_caller_identity()["Arn"]
        now = clock.now()
        event = review_anomaly(event_id, state, by, now, anomalies=DynamoAnomalyStore(kept))
    except UnknownAnomalyError:
        leave(Exit.WRONG_INPUT, [f"no anomaly {event_id} is kept: see `bursar anomalies`"])
    except AnomalyIsOverError as error:
        leave(Exit.WRONG_INPUT, [str(error)])
    except AnomalyBusyError:
        leave(Exit.NO_PRICE, [f"{event_id} is being changed by others: try again"])
    except UNANSWERED as error:
        leave_unanswered(error, where.stack)
    sys.stdout.write(
        f"{event.id} ({event.series.scope}) is {event.state}, says {event.said_by}.\n"
    )


def to_json(event: AnomalyEvent) -> dict[str, Any]:
    told = event.model_dump(mode="json", exclude={"series", "version", "told_peak", "told_over"})
    series = event.series
    return {"book": series.book, "scope": series.scope, "unit": series.unit, **told}
