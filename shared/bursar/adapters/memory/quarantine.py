"""The quarantine in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bursar.domain.ledger.entries import EntryId
from bursar.domain.usage.quarantine import Decision, HeldUsage, RejectedUsage

_MOST_LISTED = 200


class MemoryQuarantine:
    def __init__(self) -> None:
        self._rejected: dict[tuple[str, str], RejectedUsage] = {}
        self._held: dict[EntryId, HeldUsage] = {}

    def reject(self, rows: Sequence[RejectedUsage]) -> None:
        for row in rows:
            self._rejected[row.producer, row.id] = row

    def hold(self, held: Sequence[HeldUsage]) -> Sequence[HeldUsage]:
        return [
            self._held.setdefault((each.record.producer, each.record.id), each) for each in held
        ]

    def rejected(self) -> Sequence[RejectedUsage]:
        rows = self._rejected.values()
        return sorted(rows, key=lambda row: row.received_at, reverse=True)[:_MOST_LISTED]

    def held(self) -> Sequence[HeldUsage]:
        waiting = (each for each in self._held.values() if each.decision is Decision.HELD)
        return sorted(waiting, key=lambda each: each.received_at, reverse=True)[:_MOST_LISTED]

    def find(self, name: EntryId) -> HeldUsage | None:
        return self._held.get(name)

    def decide(self, name: EntryId, decision: Decision, at: datetime) -> bool:
        held = self._held.get(name)
        if held is None or held.decision is not Decision.HELD:
            return False
        self._held[name] = replace(held, decision=decision, decided_at=at)
        return True
