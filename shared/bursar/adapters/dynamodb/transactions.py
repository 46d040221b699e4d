"""TransactWriteItems, and the two ways in which it says no.

botocore retries no cancelled transaction: one that another was in the way of, or that was
throttled, is retried here, with full jitter and a bound. A failed condition is an answer, not
an error.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

_TRIES = 6
_FIRST_PAUSE_SECONDS = 0.05
_LARGEST_BYTES = 4_000_000  # DynamoDB takes 4 MiB; the rest is room for how it counts
_MOST_ACTIONS = 100
_MAY_PASS = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


class TransactionConflictError(Exception):
    """Others kept writing the same items, or DynamoDB throttled, for all of our tries; nothing
    was written."""


def full_jitter(attempt: int) -> float:
    """Seconds to wait after a try: up to 0.05 s, 0.1 s, 0.2 s, ... by chance."""
    return random.uniform(0, _FIRST_PAUSE_SECONDS * 2**attempt)


def fits(actions: Sequence[dict[str, Any]]) -> bool:
    """Whether one transaction can hold these puts."""
    size = sum(_size(action["Put"]["Item"]) for action in actions)
    return size <= _LARGEST_BYTES and len(actions) <= _MOST_ACTIONS


def _size(item: Mapping[str, Any]) -> int:
    """About what DynamoDB counts: names and values, text as UTF-8."""
    values = (
        value if isinstance(value, bytes) else str(value).encode() for value in item.values()
    )
    return sum(map(len, item)) + sum(map(len, values))


def transact(
    table: Any,
    actions: Sequence[dict[str, Any]],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Write all of it, or nothing: False when a condition did not hold.

    Raises:
        TransactionConflictError: bounded retries were used up.
    """
    client, name = table.meta.client, table.name
    items = [
        {kind: {"TableName": name, **action} for kind, action in entry.items()}
        for entry in actions
    ]
    for attempt in range(_TRIES):
        try:
            client.transact_write_items(TransactItems=items)
        except ClientError as error:
            codes = {
                reason.get("Code") for reason in error.response.get("CancellationReasons", ())
            }
            if "ConditionalCheckFailed" in codes:
                return False
            if not codes & _MAY_PASS:
                raise
            if attempt < _TRIES - 1:
                sleep(full_jitter(attempt))
        else:
            return True
    raise TransactionConflictError(f"{_TRIES} tries on {name}")
