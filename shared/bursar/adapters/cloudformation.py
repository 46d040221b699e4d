"""What a deployed stack says of itself: the outputs that its command line starts from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError


class StackNotFoundError(LookupError):
    """There is no stack of that name in that account and region."""


def stack_outputs(client: Any, stack: str) -> Mapping[str, str]:
    """The outputs of a stack, by name.

    Raises:
        StackNotFoundError: there is no such stack.
        ClientError: CloudFormation refused to tell.
    """
    try:
        [found] = client.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":  # how it says `not found`
            raise StackNotFoundError(stack) from None
        raise
    return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
