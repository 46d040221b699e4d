"""Changes: everything that one step of an exception writes, all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bursar.domain.alerts import OutboxRow
from bursar.domain.governance import audit
from bursar.domain.governance.consumption import Allowance
from bursar.domain.governance.decisions import TierDecision
from bursar.domain.governance.exceptions import SpendException, Status
from bursar.domain.governance.messages import message
from bursar.domain.governance.splitting import SplitCount


class Action(StrEnum):
    """What the audit calls the steps."""

    OPENED = "exception.opened"
    EDITED = "exception.edited"
    DECIDED = "exception.decided"
    EXPIRED = "exception.expired"


@dataclass(frozen=True)
class TaskToken:
    """What answers a waiting workflow. It never leaves the table, not even in a `repr`."""

    exception: str
    version: int
    tier: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class Change:
    """The step from `old` to `new`. It is written if both `old` and the split count that
    `split` was made from are still what is stored; the messages and the audit with it."""

    old: SpendException | None
    new: SpendException
    split: SplitCount
    audit: audit.AuditIntent
    outbox: tuple[OutboxRow, ...]
    decision: TierDecision | None = None
    allowance: Allowance | None = None


def change(
    action: Action,
    actor: str,
    at: datetime,
    old: SpendException | None,
    new: SpendException,
    split: SplitCount,
    decision: TierDecision | None = None,
) -> Change:
    """What the step writes. `split` is the count as it was read.

    Raises:
        TooManyRequestsError: the split count holds no more.
    """
    granted = new.status is Status.APPROVED
    return Change(
        old,
        new,
        split.with_(new, at),
        audit.intent(f"{new.id}-{new.revision}", at, action, actor, _details(new, decision)),
        (OutboxRow(alert=message(new, at), due_at=at),),
        decision,
        Allowance.of(new.id, new.request, at) if granted else None,
    )


def _details(new: SpendException, decision: TierDecision | None) -> Mapping[str, object]:
    told: dict[str, object] = {
        "exception": new.model_dump(mode="json"),
        "amount_usd": new.request.amount.plain(),
    }
    if decision is not None:
        told["decision"] = decision.model_dump(mode="json")
    return told
