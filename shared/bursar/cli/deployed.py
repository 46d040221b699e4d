"""The table of a deployed Bursar, found by its stack, and what is said when it is not."""

from __future__ import annotations

from typing import Any, NoReturn

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError

from bursar.adapters.cloudformation import StackNotFoundError, stack_outputs
from bursar.adapters.dynamodb.health import DynamoHealthLog
from bursar.cli.exits import Exit, leave

_CLUSTER_SOURCE = "cluster/"
UNANSWERED = (BotoCoreError, ClientError, StackNotFoundError)


def deployed_table(name: str | None, stack: str, region: str | None) -> Any:
    """The table of that name, or the one that the stack's outputs name."""
    if name is None:
        outputs = stack_outputs(boto3.client("cloudformation", region_name=region), stack)
        if (name := outputs.get("TableName")) is None:
            leave(Exit.WRONG_INPUT, [f"stack {stack!r} has no output TableName: not Bursar's"])
    return boto3.resource("dynamodb", region_name=region).Table(name)


def caller_account(region: str | None) -> str:
    return str(boto3.client("sts", region_name=region).get_caller_identity()["Account"])


def clusters_seen(health: DynamoHealthLog) -> list[str]:
    """The clusters that a deployed Bursar has tried to read, by name."""
    sources = sorted(each.source for each in health.all())
    return [
        name.removeprefix(_CLUSTER_SOURCE) for name in sources if name.startswith(_CLUSTER_SOURCE)
    ]


def leave_unanswered(error: Exception, stack: str) -> NoReturn:
    """End with 2 when nothing of that name is there, and with 3 when AWS cannot be asked."""
    if isinstance(error, StackNotFoundError):
        leave(
            Exit.WRONG_INPUT, [f"no stack {stack!r} here: name --stack and --region, or --table"]
        )
    if isinstance(error, NoRegionError):
        leave(Exit.WRONG_INPUT, ["name the --region where Bursar is deployed"])
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    if code == "ResourceNotFoundException":
        leave(Exit.WRONG_INPUT, ["there is no such table here: name --table and --region"])
    if code == "NoSuchBucket":
        leave(Exit.WRONG_INPUT, ["there is no such bucket here: name --bucket and --region"])
    leave(Exit.NO_PRICE, [f"AWS cannot be asked: {error}"])
