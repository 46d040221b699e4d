"""Budget states and the outbox in memory: one thing, since they are written together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bursar.domain.alerts import OutboxRow
from bursar.domain.budgets import BudgetState
from bursar.domain.periods import Window


class MemoryOutbox:
    def __init__(self) -> None:
        self._rows: dict[str, str] = {}

    def post(self, row: OutboxRow) -> bool:
        if row.id in self._rows:
            return False
        self.put(row)
        return True

    def put(self, row: OutboxRow) -> None:
        self._rows[row.id] = row.model_dump_json()

    def unsent(self, due_before: datetime) -> Sequence[OutboxRow]:
        due = (row for row in self.all() if row.sent_at is None and row.due_at <= due_before)
        return sorted(due, key=lambda row: (row.due_at, row.id))[:200]

    def unreadable(self, due_before: datetime) -> Sequence[str]:
        del due_before  # nothing but messages can be put into it
        return ()

    def mark_sent(self, row: OutboxRow, at: datetime) -> None:
        self.put(row.model_copy(update={"sent_at": at}))

    def recent(self) -> Sequence[OutboxRow]:
        newest = sorted(self.all(), key=lambda row: row.alert.raised_at, reverse=True)
        return newest[:200]

    def all(self) -> list[OutboxRow]:
        return [OutboxRow.model_validate_json(text) for text in self._rows.values()]


class MemoryBudgetStore:
    def __init__(self, outbox: MemoryOutbox) -> None:
        self._outbox = outbox
        self._states: dict[tuple[str, datetime], str] = {}

    def state(self, budget_id: str, window: Window) -> BudgetState | None:
        text = self._states.get((budget_id, window.start))
        return BudgetState.model_validate_json(text) if text else None

    def commit(
        self, old: BudgetState | None, new: BudgetState, outbox: Sequence[OutboxRow]
    ) -> bool:
        current = self._states.get((new.budget_id, new.starts_at))
        if (BudgetState.model_validate_json(current).version if current else None) != (
            old.version if old else None
        ):
            return False
        self._states[new.budget_id, new.starts_at] = new.model_dump_json()
        for row in outbox:
            self._outbox.put(row)
        return True
