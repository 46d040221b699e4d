"""`bursar stop`: what is stopped and why, and a person's word on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import boto3
from cyclopts import App, Parameter

from bursar.adapters.dynamodb.ledger.windows import DynamoEnforcedWindows
from bursar.adapters.dynamodb.stops import DynamoStops
from bursar.cli import clock
from bursar.cli.deployed import UNANSWERED, leave_unanswered
from bursar.cli.exits import Exit, leave
from bursar.cli.stop_views import print_stop, print_stops, stop_json, stops_json
from bursar.cli.where_deployed import WhereDeployed
from bursar.config_file import ConfigError, read_config
from bursar.domain.stops.records import ForbiddenStepError, Stop
from bursar.domain.stops.rules import Action, Mode
from bursar.jobs import review_stop
from bursar.jobs.stopping import StopContentionError

Help = Parameter

app = App(name="stop", help="What is stopped and why; approve it, take it back, stop now.")


@Parameter(name="*")
@dataclass(frozen=True)
class Where(WhereDeployed):
    """Where the guard is deployed, and what is shown of it."""

    json: Annotated[bool, Help(name="--json", negative="", help="print JSON")] = False

    @contextmanager
    def kept(self) -> Iterator[Any]:
        """The table; what AWS does not answer, and what a stop does not allow, ends here."""
        try:
            yield self.open_table()
        except UNANSWERED as error:
            leave_unanswered(error, self.stack)
        except review_stop.UnknownStopError as error:
            leave(Exit.WRONG_INPUT, [f"no stop {error} is kept: see `bursar stop list`"])
        except (ForbiddenStepError, review_stop.UnstoppableError) as error:
            leave(Exit.WRONG_INPUT, [str(error)])
        except StopContentionError as error:
            leave(Exit.NO_PRICE, [f"{error} is being changed by others: try again"])

    def caller(self) -> str:
        arn: str = boto3.client("sts", region_name=self.region).get_caller_identity()["Arn"]
        return arn

    def show(self, stop: Stop) -> None:
        (stop_json if self.json else print_stop)(stop)


_HERE = Where()


@app.command(name="list")
def list_(
    *,
    all_: Annotated[
        bool, Help(name="--all", negative="", help="those that are over, too")
    ] = False,
    where: Where = _HERE,
) -> None:
    """List the stops that are proposed or active, or still put something back; newest first.

    Exit code 2: nothing of that name. 3: AWS cannot be asked.
    """
    with where.kept() as table:
        stops = DynamoStops(table)
        found = stops.recent() if all_ else [*reversed(stops.open())]
    (stops_json if where.json else print_stops)(found)


@app.command
def show(id_: Annotated[str, Help(name="id")], *, where: Where = _HERE) -> None:
    """What a stop does, object by object, with what stood there before."""
    with where.kept() as table:
        found = DynamoStops(table).find(id_)
        if found is None:
            raise review_stop.UnknownStopError(id_)
    where.show(found)


@app.command
def approve(id_: Annotated[str, Help(name="id")], *, where: Where = _HERE) -> None:
    """Say yes to a stop that is proposed. Reservations are refused at once; clusters follow in
    the next run, within five minutes, by what is there then.

    Exit code 2: it is not proposed, or is a dry run. 3: AWS cannot be asked, or try again.
    """

    def say(table: Any) -> Stop:
        windows, stops = DynamoEnforcedWindows(table), DynamoStops(table)
        return review_stop.approve_stop(
            id_, where.caller(), clock.now(), stops=stops, windows=windows
        )

    _say(say, where)


@app.command
def reverse(
    id_: Annotated[str, Help(name="id")],
    *,
    because: Annotated[str, Help(help="kept in the audit")] = "no reason given",
    where: Where = _HERE,
) -> None:
    """Take a stop back, or refuse one that is proposed. Reservations go on at once; clusters are
    put back in the next run. It does not come again by itself in the same period.

    Exit code 2: it is over already. 3: AWS cannot be asked, or try again.
    """

    def say(table: Any) -> Stop:
        by, at = where.caller(), clock.now()
        return review_stop.reverse_stop(id_, by, because, at, stops=DynamoStops(table))

    _say(say, where)


@app.command
def now(
    budget: str,
    *,
    because: Annotated[str, Help(help="told to the budget's owner, and kept in the audit")],
    action: Annotated[
        tuple[Action, ...], Help(name="--action", help="instead of those of the budget's rule")
    ] = (),
    mode: Annotated[Mode | None, Help(help="instead of that of the budget's rule")] = None,
    hours: Annotated[int | None, Help(help="how long at most; its period ends it earlier")] = None,
    config: Annotated[Path, Help(help="the bursar.yaml that is deployed")] = Path("bursar.yaml"),
    where: Where = _HERE,
) -> None:
    """Stop a budget's scope while money is left. Nothing that runs is touched.

    Exit code 2: wrong input. 3: AWS cannot be asked, or try again.
    """
    if hours is not None and hours < 1:
        leave(Exit.WRONG_INPUT, ["--hours is 1 or more"])
    try:
        settings = read_config(config)
    except ConfigError as error:
        leave(Exit.WRONG_INPUT, error.problems)

    def say(table: Any) -> Stop:
        return review_stop.stop_now(
            budget,
            where.caller(),
            because,
            clock.now(),
            config=settings,
            stops=DynamoStops(table),
            windows=DynamoEnforcedWindows(table),
            mode=mode,
            actions=tuple(each for each in Action if each in action),
            lasts=timedelta(hours=hours) if hours else None,
        )

    _say(say, where)


def _say(say: Callable[[Any], Stop], where: Where) -> None:
    with where.kept() as table:
        stop = say(table)
    where.show(stop)
