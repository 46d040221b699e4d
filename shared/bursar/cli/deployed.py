"""The table of a deployed Bursar, found by its stack, and what is said when it is not."""

from __future__ import annotations

from typing import Any, NoReturn

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError

from bursar.adapters.cloudformation import StackNotFoundError, stack_outputs
from bursar.cli.exits import Exit, leave

UNANSWERED = (BotoCoreError, ClientError, StackNotFoundError)


def deployed_table(name: str | None, stack: str, region: str | None) -> Any:
    """The table of that name, or the one that the stack's outputs name."""
    if name is None:
        outputs = stack_outputs(boto3.client("cloudformation", region_name=region), stack)
        if (name := outputs.get("TableName")) is None:
            leave(Exit.WRONG_INPUT, [f"stack {stack!r} has no output TableName: not Bursar's"])
    return boto3.resource("dynamodb", region_name=region).Table(name)


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
    leave(Exit.NO_PRICE, [f"AWS cannot be asked: {error}"])
