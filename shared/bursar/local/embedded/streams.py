"""DynamoDB streams that feed functions, as Lambda's event source mappings do.

moto's own trigger ignores filters, sends every record since the last success again, and runs
inside the write: the records are read from moto's shard here, between steps.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import StreamShard, Table
from moto.events.models import EventPattern

from bursar.local.embedded.clock import Clock
from bursar.local.embedded.errors import StreamBlockedError
from bursar.local.embedded.functions import StreamMapping
from bursar.local.embedded.invocations import Invocations, Outcome, Send

_ATTEMPTS_WITHOUT_LIMIT = 3
Record = dict[str, Any]


class StreamPoller:
    """One event source mapping and how far it has read."""

    def __init__(
        self,
        mapping: StreamMapping,
        invocations: Invocations,
        send: Send,
        clock: Clock,
        account: str,
        region: str,
    ) -> None:
        self._mapping = mapping
        self._invocations = invocations
        self._send = send
        self._clock = clock
        self._tables: Mapping[str, Table] = dynamodb_backends[account][region].tables
        self._table = mapping.stream_arn.split("/")[1]
        self._patterns = [
            (json.loads(pattern), EventPattern.load(pattern)) for pattern in mapping.patterns
        ]
        self._read = 0

    def deliver(self) -> bool:
        """Deliver what was written since the last time. False: nothing that matches was."""
        shard = self._tables[self._table].stream_shard
        if shard is None:
            raise LookupError(f"table {self._table} has no stream")
        fresh = [item.to_json() for item in shard.items[self._read :]]
        self._read += len(fresh)
        matching = [
            self._record(record) for record in _without_phantoms(fresh) if self._matches(record)
        ]
        size = self._mapping.batch_size
        for start in range(0, len(matching), size):
            self._batch(shard, matching[start : start + size])
        return bool(matching)

    def _batch(self, shard: StreamShard, records: Sequence[Record]) -> None:
        retries = self._mapping.retries
        limit = _ATTEMPTS_WITHOUT_LIMIT if retries is None else retries + 1
        attempts = 0
        while True:
            outcome = self._invocations.invoke(
                self._mapping.function_arn, {"Records": list(records)}
            )
            attempts += 1
            records = self._left(records, outcome)
            if not records:
                return
            if self._mapping.bisect and not outcome.succeeded and len(records) > 1:
                middle = len(records) // 2
                self._batch(shard, records[:middle])
                self._batch(shard, records[middle:])
                return
            if attempts >= limit:
                break
        if retries is None:
            raise StreamBlockedError(f"{self._mapping.function_arn}: {outcome.payload.decode()}")
        if self._mapping.on_failure:
            self._send(self._mapping.on_failure, self._envelope(shard, records, outcome, attempts))

    def _left(self, records: Sequence[Record], outcome: Outcome) -> Sequence[Record]:
        if not outcome.succeeded:
            return records
        if not self._mapping.reports_failures:
            return ()
        failed = {
            failure["itemIdentifier"]
            for failure in (outcome.response or {}).get("batchItemFailures", ())
        }
        for index, record in enumerate(records):
            if record["dynamodb"]["SequenceNumber"] in failed:
                return records[index:]  # Lambda goes back to the first that failed
        return ()

    def _matches(self, record: Record) -> bool:
        return not self._patterns or any(
            pattern.matches_event(_asked(record, wanted)) for wanted, pattern in self._patterns
        )

    def _record(self, record: Record) -> Record:
        stamped = {
            **_in_base64(record["dynamodb"]),
            "ApproximateCreationDateTime": self._clock.now.timestamp(),
        }
        return {
            **record,
            "dynamodb": stamped,
            "awsRegion": self._mapping.stream_arn.split(":")[3],
            "eventSourceARN": self._mapping.stream_arn,
        }

    def _envelope(
        self, shard: StreamShard, records: Sequence[Record], outcome: Outcome, attempts: int
    ) -> dict[str, Any]:
        return {
            "version": "1.0",
            "timestamp": self._clock.stamp,
            "requestContext": {
                "requestId": outcome.request_id,
                "functionArn": self._mapping.function_arn,
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": attempts,
            },
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled",
            },
            "DDBStreamBatchInfo": {
                "shardId": shard.id,
                "startSequenceNumber": records[0]["dynamodb"]["SequenceNumber"],
                "endSequenceNumber": records[-1]["dynamodb"]["SequenceNumber"],
                "approximateArrivalOfFirstRecord": self._clock.stamp,
                "approximateArrivalOfLastRecord": self._clock.stamp,
                "batchSize": len(records),
                "streamArn": self._mapping.stream_arn,
            },
        }


def _without_phantoms(records: Sequence[Record]) -> list[Record]:
    """Drop what moto writes when an update creates an item: an insert of the bare key first."""
    kept = [
        record for record, following in pairwise(records) if not _is_phantom(record, following)
    ]
    return [*kept, *records[-1:]]


def _is_phantom(record: Record, following: Record) -> bool:
    both_inserts = record["eventName"] == following["eventName"] == "INSERT"
    return both_inserts and bool(record["dynamodb"]["Keys"] == following["dynamodb"]["Keys"])


def _in_base64(value: Any) -> Any:
    """Bytes as text, as a function is given them."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: _in_base64(each) for name, each in value.items()}
    return [_in_base64(each) for each in value] if isinstance(value, list) else value


def _asked(record: Any, wanted: Any) -> Any:
    """Only what a pattern looks at: an image of 300 KB is not turned into text for its keys."""
    if not isinstance(wanted, dict) or not isinstance(record, dict):
        return record
    return {name: _asked(record[name], wanted[name]) for name in wanted if name in record}
