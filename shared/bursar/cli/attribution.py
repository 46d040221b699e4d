"""`bursar attribution dry-run`: what rules would do to hours that are stated already."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from bursar.adapters.dynamodb.cluster_use import DynamoClusterUseStore
from bursar.adapters.dynamodb.costs import DynamoCostHistory
from bursar.adapters.dynamodb.health import DynamoHealthLog
from bursar.adapters.dynamodb.ledger.store import DynamoLedgerStore
from bursar.adapters.dynamodb.statements import DynamoStatementStore
from bursar.cli import clock
from bursar.cli.deployed import UNANSWERED, deployed_table, leave_unanswered
from bursar.cli.dry_run_views import dry_run_json, left_out, print_dry_run
from bursar.cli.exits import NOTHING_STATED, Exit, leave, warn
from bursar.cli.ledger_views import print_json
from bursar.cli.windows import WindowError, read_window
from bursar.config_file import ConfigError, read_section
from bursar.domain.attribution.rules import Attribution
from bursar.domain.periods import DAY, midnight
from bursar.jobs.attribute_costs import Sources
from bursar.jobs.dry_run_attribution import dry_run_attribution

Help = Parameter
_CLUSTER_SOURCE = "cluster/"

app = App(name="attribution", help="Who bears what: try rules before they are deployed.")


@app.command(name="dry-run")
def dry_run(
    config: Annotated[Path, Help(help="a file with the section `attribution`")] = Path(
        "bursar.yaml"
    ),
    *,
    from_: Annotated[
        str | None,
        Help(
            name="--from",
            help="a UTC day or full hour; default: yesterday, or with --to the month's first",
        ),
    ] = None,
    to: Annotated[str | None, Help(help="the first that is not in it")] = None,
    stack: Annotated[str, Help(help="the deployed stack")] = "Bursar",
    region: Annotated[str | None, Help(help="where it is deployed")] = None,
    table: Annotated[str | None, Help(help="the table itself, instead of --stack")] = None,
    json: Annotated[bool, Help(negative="", help="print JSON; amounts are strings")] = False,
) -> None:
    """Show what the rules of a file would move, per rule and team, and what stays nobody's.

    The total never changes. Every hour is made anew from its usage and its clusters: a day
    takes some seconds, a month some minutes. Hours that were not stated, or of which it is kept
    no more what their clusters cost, are named and left out. Nothing is written. Exit code 2:
    wrong input.
    """
    now = clock.now()
    if from_ is None and to is None:
        from_, to = ((midnight(now.date()) - n * DAY).date().isoformat() for n in (1, 0))
    try:
        policy = read_section(config, "attribution", Attribution)
        window = read_window(from_, to, now)
    except ConfigError as error:
        leave(Exit.WRONG_INPUT, error.problems)
    except WindowError as error:
        leave(Exit.WRONG_INPUT, [str(error)])
    try:
        kept = deployed_table(table, stack, region)
        sources = Sources(
            clusters=_clusters(DynamoHealthLog(kept)),
            policy=policy,
            ledger=DynamoLedgerStore(kept),
            history=DynamoCostHistory(kept),
            use=DynamoClusterUseStore(kept),
        )
        found = dry_run_attribution(
            window,
            sources=sources,
            statements=DynamoStatementStore(kept),
            as_of=int(now.timestamp()),
        )
    except UNANSWERED as error:
        leave_unanswered(error, stack)
    if not found.teams:
        warn([NOTHING_STATED])
    if json:
        warn(left_out(found))
        print_json(dry_run_json(found, window))
    else:
        print_dry_run(found, window)


def _clusters(health: DynamoHealthLog) -> list[str]:
    return sorted(
        each.source.removeprefix(_CLUSTER_SOURCE)
        for each in health.all()
        if each.source.startswith(_CLUSTER_SOURCE)
    )
