"""A ledger on any backing, and entries as tests want them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bursar.adapters.dynamodb.ledger.conflicts import DynamoConflictLog
from bursar.adapters.dynamodb.ledger.entries import DynamoEntryReader
from bursar.adapters.dynamodb.ledger.gates import DynamoMonthGates
from bursar.adapters.dynamodb.ledger.store import DynamoLedgerStore
from bursar.adapters.dynamodb.ledger.touched import DynamoTouchedHours
from bursar.adapters.dynamodb.ledger.windows import DynamoEnforcedWindows
from bursar.adapters.dynamodb.outbox import DynamoOutbox
from bursar.adapters.memory.allowances import MemoryAllowances
from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.conflicts import MemoryConflictLog
from bursar.adapters.memory.ledger import MemoryLedger
from bursar.domain.ledger.entries import Entry, LeafKey
from bursar.domain.ledger.planning import ChargedWindows, entry_of, no_windows, plan
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.records import TokenCounts, UsageRecord
from bursar.jobs.post_usage import Patience
from bursar.ports import (
    ConflictLog,
    EnforcedWindows,
    EntryReader,
    LedgerStore,
    MonthGates,
    Outbox,
    TouchedHours,
)

ONE_PM = datetime(2026, 11, 20, 13, tzinfo=UTC)
NOW = ONE_PM + timedelta(minutes=50)


@dataclass(frozen=True)
class Books:
    ledger: LedgerStore
    reader: EntryReader
    touched: TouchedHours
    gates: MonthGates
    windows: EnforcedWindows
    conflicts: ConflictLog
    outbox: Outbox

    def post(self, *entries: Entry, charged: ChargedWindows = no_windows) -> None:
        for posting in plan(entries, charged):
            self.ledger.post(posting, shard=0)


def books_on(backing: Any, allowances: MemoryAllowances | None = None) -> Books:
    if backing is None:
        outbox, memory = MemoryOutbox(), MemoryLedger(allowances)
        log = MemoryConflictLog(outbox)
        return Books(memory, memory, memory, memory, memory, log, outbox)
    return Books(
        DynamoLedgerStore(backing, sleep=no_sleep),
        DynamoEntryReader(backing, sleep=no_sleep),
        DynamoTouchedHours(backing),
        DynamoMonthGates(backing, sleep=no_sleep),
        DynamoEnforcedWindows(backing),
        DynamoConflictLog(backing),
        DynamoOutbox(backing),
    )


def no_sleep(_: float) -> None:
    """Tests wait for nothing."""


AT_ONCE = Patience(sleep=no_sleep, uniform=lambda low, high: (low + high) / 2)


def record(
    id_: str, *, at: datetime = ONE_PM, input_tokens: int = 100, **more: Any
) -> UsageRecord:
    told: dict[str, Any] = {"producer": "gateway", "tenant": "search", "model": "gpt-x", **more}
    return UsageRecord(id=id_, at=at, tokens=TokenCounts(input=input_tokens, output=10), **told)


def entry(id_: str, units: int = 7, **more: Any) -> Entry:
    """An entry in the leaf that its record names; parts of the leaf's key may be told too."""
    of_leaf = {name: more.pop(name) for name in ("pricing", "adjusts", "shadow") if name in more}
    told = record(id_, **more)
    hour = told.at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    key = LeafKey(hour, told.tenant, told.model, told.feature, told.key, told.provider)
    return entry_of(told, key._replace(**of_leaf), ClassAmounts(input=units))


def units(books: Books, hours: Sequence[datetime] = (ONE_PM,), *, shadow: bool = False) -> int:
    """The money of some hours, in 10^-12 USD."""
    leaves = (books.ledger.leaves(hour, shadow=shadow) for hour in hours)
    return sum(leaf.amounts.units for each in leaves for leaf in each.values())
