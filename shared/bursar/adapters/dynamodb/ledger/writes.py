"""One TransactWriteItems of named items, and what its refusals mean; it is tried once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError
from botocore.parsers import ResponseParserError

Item = tuple[str, str, dict[str, Any]]  # what it is, its action, and that action's request

_THROTTLED = {
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
}
_IN_THE_WAY = {"TransactionConflict", "TransactionConflictException"}
_IN_FLIGHT = "TransactionInProgressException"  # an attempt whose answer botocore did not get
_FAILED = "ConditionalCheckFailed"
_SERVER_ERROR = 500


class WriteCancelledError(Exception):
    """Nothing was written. `failed` are the kinds of items whose condition did not hold."""

    def __init__(self, failed: frozenset[str], *, conflict: bool, throttled: bool) -> None:
        super().__init__(", ".join(sorted(failed)) or ("conflict" if conflict else "throttled"))
        self.failed = failed
        self.conflict = conflict
        self.throttled = throttled


class WriteUnansweredError(Exception):
    """Nobody knows whether it was written."""


def write(table: Any, items: Sequence[Item]) -> None:
    """Write all of it, or nothing.

    Raises:
        WriteCancelledError, WriteUnansweredError: see there.
    """
    actions = [{action: {"TableName": table.name, **request}} for _, action, request in items]
    try:
        table.meta.client.transact_write_items(TransactItems=actions)
    except (HTTPClientError, ConnectionError, ResponseParserError) as error:
        # botocore tries several times: one before the last may have been written
        raise WriteUnansweredError(str(error)) from error
    except ClientError as error:
        raise _refusal(error, items) from error


def _refusal(error: ClientError, items: Sequence[Item]) -> Exception:
    code, status = error.response["Error"]["Code"], error.response.get("ResponseMetadata", {})
    if code == _IN_FLIGHT or status.get("HTTPStatusCode", 0) >= _SERVER_ERROR:
        return WriteUnansweredError(str(error))
    reasons = error.response.get("CancellationReasons", ())
    codes = {reason.get("Code") for reason in reasons} | {code}
    failed = frozenset(
        kind
        for (kind, _, _), reason in zip(items, reasons, strict=False)
        if reason.get("Code") == _FAILED
    )
    conflict, throttled = bool(_IN_THE_WAY & codes), bool(_THROTTLED & codes)
    if failed or conflict or throttled:
        return WriteCancelledError(failed, conflict=conflict, throttled=throttled)
    untold: Exception = error
    return untold
