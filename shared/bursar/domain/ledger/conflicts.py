"""Conflicts: an id that was told again with another body. The first stands; people are told."""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

from bursar.domain.alerts import SYSTEM_OWNER, Alert, OutboxRow, Severity, alert_id
from bursar.domain.ledger.entries import Entry
from bursar.domain.money import Money


class Conflict(BaseModel):
    """One body that was refused, beside the digest of the one that stands."""

    model_config = ConfigDict(frozen=True)

    producer: str
    id: str
    stands: str
    refused: str
    tenant: str
    model: str
    usd: Money  # what the refused body would have cost
    used_at: AwareDatetime
    seen_at: AwareDatetime


def conflict_of(refused: Entry, stands: str, at: datetime) -> Conflict:
    return Conflict(
        producer=refused.producer,
        id=refused.id,
        stands=stands,
        refused=refused.digest,
        tenant=refused.key.tenant,
        model=refused.key.model,
        usd=refused.amounts.usd,
        used_at=refused.at,
        seen_at=at,
    )


def conflict_alert(conflict: Conflict) -> OutboxRow:
    """One message for each id, however often it is told in other words."""
    alert = Alert(
        id=alert_id("usage.conflict", conflict.producer, conflict.id),
        kind="usage.conflict",
        severity=Severity.WARNING,
        title=f"{conflict.producer} told usage {conflict.id} twice, with different bodies",
        comparison=(
            f"The first ({conflict.stands[:8]}) stands; refused ({conflict.refused[:8]}): "
            f"{conflict.usd.plain()} USD of {conflict.model} for {conflict.tenant}."
        ),
        since=conflict.used_at,
        data_as_of=conflict.seen_at,
        owner=SYSTEM_OWNER,
        action="See whether the producer reuses its ids: its usage would be lost.",
        policy=f"usage producer {conflict.producer}",
        mute="this is told once for each id and cannot be muted",
        raised_at=conflict.seen_at,
    )
    return OutboxRow(alert=alert, due_at=conflict.seen_at)
