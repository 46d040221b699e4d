"""Alerts, outbox rows and budget states, as tests want them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bursar.domain.alerts import Alert, Driver, OutboxRow, Severity
from bursar.domain.budgets import BudgetState
from bursar.domain.money import Money
from bursar.domain.periods import Window

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOVEMBER = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))


def alert(id_: str = "BR-1", **more: Any) -> Alert:
    told: dict[str, Any] = {
        "kind": "budget.threshold",
        "severity": Severity.WARNING,
        "title": "$80.00 of $100.00: search",
        "comparison": "80% of the limit.",
        "since": NOON - timedelta(days=3),
        "data_as_of": NOON - timedelta(minutes=12),
        "drivers": (Driver(name="search/llama", amount=Money.of("61.000000000001")),),
        "owner": "search",
        "action": "Look at search/llama.",
        "policy": "budget search",
        "mute": "raise the limit",
        "raised_at": NOON,
        **more,
    }
    return Alert(id=id_, **told)


def row(id_: str = "BR-1", due_at: datetime = NOON, **more: Any) -> OutboxRow:
    return OutboxRow(alert=alert(id_, **more), due_at=due_at)


def state(spent: str = "80.000000000001", version: int = 1, **more: Any) -> BudgetState:
    told: dict[str, Any] = {
        "budget_id": "search",
        "starts_at": NOVEMBER.start,
        "ends_at": NOVEMBER.end,
        "limit": Money.of(100),
        "projected": None,
        "as_of": NOON,
        "fired": frozenset({"actual:80"}),
        **more,
    }
    return BudgetState(spent=Money.of(spent), version=version, **told)
