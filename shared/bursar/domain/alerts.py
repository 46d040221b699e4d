"""What people are told: one alert, in the order in which they need it.

Amount and scope; actual against expected; since when, and how old the data is; top
drivers; owner; action and link; policy id; how to mute it.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict

from bursar.domain.money import Money

SYSTEM_OWNER = "bursar"  # of alerts about Bursar itself: they reach the catch-all only


class NotPublishedError(Exception):
    """A channel refused an alert; the others may have taken it."""


class UnreadableAlertError(Exception):
    """What the outbox stores under this id is no message; nobody was told."""


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Driver(BaseModel):
    """One of the things that made the amount."""

    model_config = ConfigDict(frozen=True)

    name: str
    amount: Money


class Alert(BaseModel):
    """One message to people. `id` follows from what is told, so that a repeat shows itself."""

    model_config = ConfigDict(frozen=True)

    id: str
    kind: str  # budget.threshold, budget.recovered, source.blind, price.changed, ...
    severity: Severity
    title: str  # amount and scope
    comparison: str  # actual against expected
    since: AwareDatetime | None
    data_as_of: AwareDatetime | None
    drivers: tuple[Driver, ...] = ()
    owner: str
    action: str
    link: str | None = None
    policy: str
    mute: str
    raised_at: AwareDatetime


class OutboxRow(BaseModel):
    """A message stored with the change that caused it, until somebody was told."""

    model_config = ConfigDict(frozen=True)

    alert: Alert
    due_at: AwareDatetime
    sent_at: AwareDatetime | None = None

    @property
    def id(self) -> str:
        return self.alert.id


def alert_id(*key: object) -> str:
    """A short id that depends on the key alone: telling the same thing twice gives the same id."""
    text = "\x1f".join(str(part) for part in key)
    return f"BR-{hashlib.sha256(text.encode()).hexdigest()[:10].upper()}"


def age(then: datetime | None, now: datetime) -> str:
    """`12 min`, `3 h`, `2 days`; `unknown` when nothing was ever heard."""
    if then is None:
        return "unknown"
    minutes = max(int((now - then).total_seconds()) // 60, 0)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"
