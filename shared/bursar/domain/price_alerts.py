"""What people are told when prices of instances change: one message for all of a run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from bursar.domain.alerts import SYSTEM_OWNER, Alert, Driver, OutboxRow, Severity, alert_id
from bursar.domain.prices import PriceChange

KIND = "price.changed"
_SHOWN = 10


def price_alert(changed: Sequence[PriceChange], at: datetime) -> OutboxRow:
    """The message about changed prices, the largest difference per hour first.

    Its id follows from the changes alone, so that a repeated run tells them once.
    """
    by_size = sorted(changed, key=lambda change: (-_size(change), str(change.new.key)))
    first, others = by_size[0], len(by_size) - 1
    lead = f"{_name(first)} {_step(first)}"
    alert = Alert(
        id=alert_id(KIND, *sorted(f"{_name(change)} {change}" for change in changed)),
        kind=KIND,
        severity=Severity.INFO,
        title=f"{lead} USD an hour" + (f", and {others} more prices changed" if others else ""),
        comparison="; ".join(f"{_name(change)}: {_step(change)}" for change in by_size[:_SHOWN]),
        since=min(change.new.effective_from for change in changed),
        data_as_of=at,
        drivers=tuple(
            Driver(name=_name(change), amount=change.new.usd - change.old.usd)
            for change in by_size[:_SHOWN]
        ),
        owner=SYSTEM_OWNER,
        action="Nothing to do: figures from that time on use the new price.",
        policy="price book",
        mute="this is told once for each change of a price and cannot be muted",
        raised_at=at,
    )
    return OutboxRow(alert=alert, due_at=at)


def _name(change: PriceChange) -> str:
    return f"{change.new.key.item} in {change.new.key.region}"


def _step(change: PriceChange) -> str:
    return f"{change.old.usd.plain()} -> {change.new.usd.plain()}"


def _size(change: PriceChange) -> Decimal:
    return abs((change.new.usd - change.old.usd).amount)
