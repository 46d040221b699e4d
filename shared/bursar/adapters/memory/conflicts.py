"""Conflicts of ids in memory."""

from __future__ import annotations

from collections.abc import Sequence

from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.domain.alerts import OutboxRow
from bursar.domain.ledger.conflicts import Conflict
from bursar.domain.ledger.entries import EntryId


class MemoryConflictLog:
    def __init__(self, outbox: MemoryOutbox) -> None:
        self._outbox = outbox
        self._kept: dict[EntryId, dict[str, Conflict]] = {}

    def record(self, conflict: Conflict, row: OutboxRow) -> bool:
        known = self._kept.setdefault((conflict.producer, conflict.id), {})
        if conflict.refused in known:
            return False
        if not known:
            self._outbox.put(row)
        known[conflict.refused] = conflict
        return True

    def recent(self) -> Sequence[Conflict]:
        kept = (each for known in self._kept.values() for each in known.values())
        return sorted(kept, key=lambda each: (each.seen_at, each.refused), reverse=True)[:200]
