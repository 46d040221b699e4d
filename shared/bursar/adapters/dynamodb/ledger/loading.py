"""Writing a ledger's past in bulk, into a table that nobody posts to yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bursar.adapters.dynamodb.ledger import entries as entry_items
from bursar.adapters.dynamodb.ledger import leaves, settled, windows
from bursar.adapters.dynamodb.ledger.touched import was_posted_to
from bursar.domain.admission.settlements import is_settlement
from bursar.domain.ledger.budget_windows import BudgetWindow, WindowBalance
from bursar.domain.ledger.entries import Entry, sum_leaves


def load(table: Any, entries: Iterable[Entry]) -> None:
    """Write entries and the leaves that they add up to, over whatever is there.

    For a backfill before the guard runs: it checks no id and must not race with a posting.
    """
    kept = list(entries)
    with table.batch_writer(overwrite_by_pkeys=["pk", "sk"]) as batch:
        for entry in kept:
            batch.put_item(Item=entry_items.item(entry))
            if is_settlement(entry):
                batch.put_item(Item=settled.item(entry))
        for key, leaf in sum_leaves(kept).items():
            batch.put_item(Item=leaves.whole(key, leaf))
            batch.put_item(Item=was_posted_to(key.hour))


def load_windows(table: Any, balances: Mapping[BudgetWindow, WindowBalance]) -> None:
    """Write enforced windows as they stand, each with the limit that it was opened with."""
    with table.batch_writer() as batch:
        for window, balance in balances.items():
            batch.put_item(Item=windows.whole(window, balance, balance.limit))
