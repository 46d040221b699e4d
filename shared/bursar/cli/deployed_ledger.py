"""The ledger of a deployed Bursar: its table, and the bucket of what was told."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import uuid4

import boto3

from bursar.adapters.cloudformation import stack_outputs
from bursar.adapters.dynamodb.ledger.conflicts import DynamoConflictLog
from bursar.adapters.dynamodb.ledger.entries import DynamoEntryReader
from bursar.adapters.dynamodb.ledger.gates import DynamoMonthGates
from bursar.adapters.dynamodb.ledger.store import DynamoLedgerStore
from bursar.adapters.dynamodb.ledger.touched import DynamoTouchedHours
from bursar.adapters.dynamodb.ledger.windows import DynamoEnforcedWindows
from bursar.adapters.dynamodb.statements import DynamoStatementStore
from bursar.adapters.read_ahead import read_ahead
from bursar.adapters.s3_usage import S3UsageArchive
from bursar.cli.deployed import deployed_table
from bursar.cli.exits import Exit, leave
from bursar.domain.ledger.entries import Entry
from bursar.jobs.close_month import ClosedMonth, close_month
from bursar.jobs.post_usage import Patience, post_entries
from bursar.jobs.verify_ledger import VerifiedMonth, verify_ledger

_HOURS_AT_ONCE = 8

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class DeployedLedger:
    table: Any
    s3: Any
    bucket: str

    @classmethod
    def find(
        cls, table: str | None, bucket: str | None, stack: str, region: str | None
    ) -> DeployedLedger:
        """By their names, or by those that the stack's outputs have."""
        kept = deployed_table(table, stack, region)
        if bucket is None:
            outputs = stack_outputs(boto3.client("cloudformation", region_name=region), stack)
            bucket = outputs.get("UsageBucket")
        if bucket is None:
            leave(Exit.WRONG_INPUT, [f"stack {stack!r} has no output UsageBucket: name --bucket"])
        return cls(kept, boto3.client("s3", region_name=region), bucket)

    @property
    def archive(self) -> S3UsageArchive:
        return S3UsageArchive(self.s3, self.bucket)

    def verify(self, month: str, at: datetime) -> VerifiedMonth:
        return verify_ledger(
            month,
            at,
            ledger=DynamoLedgerStore(self.table),
            reader=DynamoEntryReader(self.table),
            archive=self.archive,
            in_order=_several_at_once,
        )

    def close(self, month: str, at: datetime, *, with_unknown_hours: bool = False) -> ClosedMonth:
        def post(entries: Sequence[Entry]) -> object:
            return post_entries(
                entries,
                ledger=DynamoLedgerStore(self.table),
                conflicts=DynamoConflictLog(self.table),
                windows=DynamoEnforcedWindows(self.table),
                at=at,
                patience=Patience(time.sleep, random.uniform),
            )

        return close_month(
            month,
            at,
            ledger=DynamoLedgerStore(self.table),
            reader=DynamoEntryReader(self.table),
            archive=self.archive,
            gates=DynamoMonthGates(self.table),
            statements=DynamoStatementStore(self.table),
            touched=DynamoTouchedHours(self.table),
            post=post,
            by=uuid4().hex,
            in_order=_several_at_once,
            with_unknown_hours=with_unknown_hours,
        )


def _several_at_once(read: Callable[[T], R], each: Iterable[T]) -> Iterator[R]:
    return read_ahead(read, each, at_once=_HOURS_AT_ONCE)
