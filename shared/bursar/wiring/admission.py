"""What admits spending: the ledger's windows, and reservations beside them."""

from __future__ import annotations

import random
import time
from typing import Any

from bursar.adapters.dynamodb.ledger.conflicts import DynamoConflictLog
from bursar.adapters.dynamodb.ledger.store import DynamoLedgerStore
from bursar.adapters.dynamodb.ledger.windows import DynamoEnforcedWindows
from bursar.adapters.dynamodb.reservations import DynamoReservationStore
from bursar.config import Config
from bursar.jobs.admission import Admission
from bursar.jobs.post_usage import Patience
from bursar.ports import TokenPriceBook
from bursar.wiring.raises import raised_limits
from bursar.wiring.usage import enforced_budgets


def admission(config: Config, table: Any, prices: TokenPriceBook) -> Admission:
    """One is waited for at most a second or so: somebody's request waits, too."""
    return Admission(
        reservations=DynamoReservationStore(table),
        ledger=DynamoLedgerStore(table),
        conflicts=DynamoConflictLog(table),
        windows=DynamoEnforcedWindows(table),
        budgets=enforced_budgets(config),
        raised=raised_limits(config, table),
        prices=prices,
        patience=Patience(time.sleep, random.uniform, longest_pause_seconds=0.4),
        ceiling=config.usage.request_ceiling_usd,
        policies=config.governance.policies,
    )
