"""A posting as one TransactWriteItems, and what its refusals mean."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError
from botocore.parsers import ResponseParserError

from bursar.adapters.dynamodb.ledger import entries, gates, leaves, touched, windows
from bursar.domain.ledger.entries import EntryId, Leaf, LeafKey
from bursar.domain.ledger.postings import (
    CancelReason,
    MonthState,
    Posting,
    PostingCancelledError,
    PostingUnansweredError,
)

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

_ENTRY, _LEAF, _WINDOW, _GATE, _HOUR = "entry", "leaf", "window", "gate", "hour"
Item = tuple[str, str, dict[str, Any]]  # what it is, its action, and that action's request


class DynamoLedgerStore:
    def __init__(self, table: Any, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._table = table
        self._reader = entries.DynamoEntryReader(table, sleep=sleep)
        self._gates = gates.DynamoMonthGates(table)

    def post(self, posting: Posting, shard: int) -> None:
        items = _items(posting, shard)
        actions = [
            {action: {"TableName": self._table.name, **request}} for _, action, request in items
        ]
        try:
            self._table.meta.client.transact_write_items(TransactItems=actions)
        except (HTTPClientError, ConnectionError, ResponseParserError) as error:
            # botocore tries several times: one before the last may have been written
            raise PostingUnansweredError(str(error)) from error
        except ClientError as error:
            raise self._refusal(error, posting, items) from error

    def digests(self, names: Collection[EntryId]) -> Mapping[EntryId, str]:
        found = self._reader.entries(names)
        return {name: entry.digest for name, entry in found.items()}

    def leaves(self, hour: datetime, *, shadow: bool = False) -> Mapping[LeafKey, Leaf]:
        return leaves.of_hour(self._table, hour, shadow=shadow)

    def _refusal(self, error: ClientError, posting: Posting, items: Iterable[Item]) -> Exception:
        untold: Exception = error
        code, status = error.response["Error"]["Code"], error.response.get("ResponseMetadata", {})
        if code == _IN_FLIGHT or status.get("HTTPStatusCode", 0) >= _SERVER_ERROR:
            return PostingUnansweredError(str(error))
        reasons = error.response.get("CancellationReasons", ())
        codes = {reason.get("Code") for reason in reasons} | {code}
        failed = {
            kind
            for (kind, _, _), reason in zip(items, reasons, strict=False)
            if reason.get("Code") == _FAILED
        }
        if _GATE in failed and (closed := self._closed(posting.months)):
            return PostingCancelledError(CancelReason.CLOSED_MONTH, closed)
        if (reason := _reason(failed, codes)) is not None:
            return PostingCancelledError(reason)
        return untold

    def _closed(self, months: Iterable[str]) -> frozenset[str]:
        return frozenset(
            month for month in months if self._gates.state(month) is MonthState.CLOSED
        )


def _reason(failed: Collection[str], codes: Collection[str | None]) -> CancelReason | None:
    if _ENTRY in failed:
        return CancelReason.EXISTS
    if _WINDOW in failed:
        return CancelReason.NO_WINDOW
    if _GATE in failed:
        return CancelReason.FROZEN_MONTH
    if _IN_THE_WAY.intersection(codes):
        return CancelReason.CONFLICT
    if _THROTTLED.intersection(codes):
        return CancelReason.THROTTLED
    return None


def _items(posting: Posting, shard: int) -> list[Item]:
    """Gates and marks are spread by the first entry: leaves of other tenants share them."""
    cause = sha256("\x1f".join(posting.entries[0].name).encode()).hexdigest()[:32]
    spread = (int(cause[0], 16) + shard) % gates.SHARDS
    absent = {"ConditionExpression": "attribute_not_exists(pk)"}
    return [
        *((_ENTRY, "Put", {"Item": entries.item(each), **absent}) for each in posting.entries),
        *(
            (_LEAF, "Update", leaves.addition(key, leaf, shard))
            for key, leaf in posting.leaves.items()
        ),
        *(
            (_WINDOW, "Update", windows.charge(window, amount))
            for window, amount in posting.charges.items()
        ),
        *(
            (_GATE, "ConditionCheck", gates.check(month, spread))
            for month in sorted(posting.months)
        ),
        *(
            (_HOUR, "Update", touched.mark(hour, f"{spread:x}", cause))
            for hour in sorted(posting.hours)
        ),
    ]
