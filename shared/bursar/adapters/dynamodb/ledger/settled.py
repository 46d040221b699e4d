"""Settlements by hour: `SETTLED#2026-11-20T13` / `ENTRY#producer#id`, beside the entry itself.

Entries have no index, and the archive knows usage alone: without these nobody would find what
was settled and never told.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bursar.adapters.dynamodb.ledger import entries
from bursar.adapters.dynamodb.ledger.leaf_keys import write_hour
from bursar.adapters.dynamodb.paging import partition
from bursar.domain.ledger.entries import Entry, EntryId


def item(settlement: Entry) -> dict[str, Any]:
    return {
        "pk": _pk(settlement.at),
        "sk": entries.key(settlement.name)["pk"],
        "producer": settlement.producer,
        "id": settlement.id,
    }


def of_hour(table: Any, hour: datetime) -> frozenset[EntryId]:
    return frozenset((each["producer"], each["id"]) for each in partition(table, _pk(hour)))


def _pk(at: datetime) -> str:
    return f"SETTLED#{write_hour(at)}"
