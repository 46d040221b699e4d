"""`bursar usage held`, `release`, `drop`, `rejected`, `conflicts`: what was not posted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from bursar.cli import clock
from bursar.cli.exits import Exit, leave
from bursar.cli.where_ledger import Where

if TYPE_CHECKING:
    from bursar.config import Config
    from bursar.domain.usage.producers import ProducerPolicy

_HERE = Where()
_REFUSED = 1


def held(*, where: Where = _HERE) -> None:
    """List the implausible records that wait for a decision, newest first, at most 200.

    Exit code 2: nothing of that name. 3: AWS cannot be asked.
    """
    from bursar.adapters.dynamodb.quarantine import DynamoQuarantine
    from bursar.cli.deployed import UNANSWERED, leave_unanswered
    from bursar.cli.usage_review_views import held_json, print_held

    try:
        rows = DynamoQuarantine(where.open_table()).held()
    except UNANSWERED as error:
        leave_unanswered(error, where.stack)
    (held_json if where.json else print_held)(rows)


def rejected(*, where: Where = _HERE) -> None:
    """List what could not be read or is not allowed, newest first, at most 200, for 30 days.

    Of a message its digest and size are shown: its text was never kept.

    Exit code 2: nothing of that name. 3: AWS cannot be asked.
    """
    from bursar.adapters.dynamodb.quarantine import DynamoQuarantine
    from bursar.cli.deployed import UNANSWERED, leave_unanswered
    from bursar.cli.usage_review_views import print_rejected, rejected_json

    try:
        rows = DynamoQuarantine(where.open_table()).rejected()
    except UNANSWERED as error:
        leave_unanswered(error, where.stack)
    (rejected_json if where.json else print_rejected)(rows)


def conflicts(*, where: Where = _HERE) -> None:
    """List the bodies that were refused since their id was there with another, newest first, at
    most 200. The first stands.

    Exit code 2: nothing of that name. 3: AWS cannot be asked.
    """
    from bursar.adapters.dynamodb.ledger.conflicts import DynamoConflictLog
    from bursar.cli.deployed import UNANSWERED, leave_unanswered
    from bursar.cli.usage_review_views import conflicts_json, print_conflicts

    try:
        found = DynamoConflictLog(where.open_table()).recent()
    except UNANSWERED as error:
        leave_unanswered(error, where.stack)
    (conflicts_json if where.json else print_conflicts)(found)


def release(
    producer: str,
    id: str,
    *,
    config: Annotated[Path, Parameter(help="the bursar.yaml that is deployed")] = Path(
        "bursar.yaml"
    ),
    where: Where = _HERE,
) -> None:
    """Post a held record after all. One that is in the ledger already is not charged again.

    Exit code 1: another body stands in the ledger under its id, and this one is refused: it is
    among the conflicts now. 2: it is not held, or wrong input. 3: AWS cannot be asked. 4: the
    ledger was too busy, or too many enforced budgets cover it; repeat it.
    """
    from bursar.adapters.dynamodb.quarantine import DynamoQuarantine
    from bursar.cli.deployed import UNANSWERED, leave_unanswered
    from bursar.cli.deployed_ledger import DeployedLedger
    from bursar.cli.usage_review_views import print_decided
    from bursar.config_file import ConfigError, read_config
    from bursar.domain.usage.quarantine import Decision
    from bursar.jobs import review_held_usage
    from bursar.jobs.ingest_usage import TOO_LARGE
    from bursar.wiring.usage import token_prices, usage_intake

    try:
        settings = read_config(config)
    except ConfigError as error:
        leave(Exit.WRONG_INPUT, error.problems)
    told_by, now = _policy(settings, producer), clock.now()
    try:
        kept = DeployedLedger.find(where.table, where.bucket, where.stack, where.region)
        prices = token_prices(settings)
        intake = usage_intake(settings, told_by, kept.table, kept.s3, kept.bucket, prices)
        became = review_held_usage.release(
            (producer, id),
            quarantine=DynamoQuarantine(kept.table),
            archive=kept.archive,
            post=lambda records: intake.post(records, now),
            at=now,
        )
    except UNANSWERED as error:
        leave_unanswered(error, where.stack)
    except review_held_usage.NotHeldError as error:
        leave(Exit.WRONG_INPUT, [f"{error} is not held: see `bursar usage held`"])
    except review_held_usage.StillBusyError:
        leave(Exit.UNREADABLE, ["the ledger was too busy: repeat the command"])
    except review_held_usage.StillTooLargeError as error:
        leave(Exit.UNREADABLE, [f"{error}: {TOO_LARGE}: change `budgets`, and repeat it"])
    print_decided(producer, id, became.decision, as_json=where.json)
    if became.decision is Decision.CONFLICT:
        raise SystemExit(_REFUSED)


def drop(producer: str, id: str, *, where: Where = _HERE) -> None:
    """Decide that a held record is never posted.

    Exit code 2: it is not held. 3: AWS cannot be asked.
    """
    from bursar.adapters.dynamodb.quarantine import DynamoQuarantine
    from bursar.cli.deployed import UNANSWERED, leave_unanswered
    from bursar.cli.usage_review_views import print_decided
    from bursar.domain.usage.quarantine import Decision
    from bursar.jobs import review_held_usage

    try:
        quarantine = DynamoQuarantine(where.open_table())
        review_held_usage.drop((producer, id), quarantine=quarantine, at=clock.now())
    except UNANSWERED as error:
        leave_unanswered(error, where.stack)
    except review_held_usage.NotHeldError as error:
        leave(Exit.WRONG_INPUT, [f"{error} is not held: see `bursar usage held`"])
    print_decided(producer, id, Decision.DROPPED, as_json=where.json)


def _policy(settings: Config, name: str) -> ProducerPolicy:
    """Of a producer that sends, or of metrics that are collected."""
    if collected := settings.metrics_producers.get(name):
        return collected
    try:
        return settings.usage.producer(name).policy()
    except LookupError as error:
        leave(Exit.WRONG_INPUT, [str(error.args[0])])
