"""What records of usage cost by their routes, and their way into the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bursar.domain.ledger.enforced_budgets import EnforcedBudgets
from bursar.domain.ledger.entries import Entry, EntryId
from bursar.domain.usage.billing import bill
from bursar.domain.usage.records import UsageRecord
from bursar.domain.usage.routes import ModelRoutes
from bursar.jobs.post_usage import LedgerBusyError, Patience, Posted, post_entries
from bursar.ports import ConflictLog, EnforcedWindows, LedgerStore, TokenPriceBook


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageBilling:
    routes: ModelRoutes
    prices: TokenPriceBook
    ledger: LedgerStore
    conflicts: ConflictLog
    windows: EnforcedWindows
    budgets: EnforcedBudgets
    patience: Patience

    def bill(self, record: UsageRecord) -> Entry:
        price = self.prices.price_at(record.provider, record.model, record.at)
        return bill(record, price, self.routes)

    def post(self, entries: Sequence[Entry], at: datetime) -> tuple[Posted, frozenset[EntryId]]:
        """What became of them, and those that are to be told again: the ledger was too busy."""
        try:
            done = post_entries(
                entries,
                ledger=self.ledger,
                conflicts=self.conflicts,
                windows=self.windows,
                at=at,
                patience=self.patience,
                budgets=self.budgets,
            )
        except LedgerBusyError as error:
            return error.done, error.names
        return done, frozenset()
