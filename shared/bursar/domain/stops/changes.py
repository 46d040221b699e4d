"""Changes: everything that one step of a stop writes, all of it or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bursar.domain.alerts import Alert, OutboxRow
from bursar.domain.governance import audit
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.stops.counting import StopCount
from bursar.domain.stops.messages import message
from bursar.domain.stops.records import Stop, StopState


class AuditAction(StrEnum):
    """What the audit calls the steps."""

    PROPOSED = "stop.proposed"
    APPLIED = "stop.applied"
    APPROVED = "stop.approved"
    REVERSED = "stop.reversed"
    EXPIRED = "stop.expired"
    WORKED = "stop.worked"  # objects in clusters were planned, written, put back or seen changed


@dataclass(frozen=True)
class StopChange:
    """The step from `old` to `new`. It is written if `old`, and the count that `count` was made
    from, are still what is stored; the messages, the audit and the window with it."""

    old: Stop | None
    new: Stop
    audit: audit.AuditIntent
    outbox: tuple[OutboxRow, ...] = ()
    count: StopCount | None = None

    @property
    def stops(self) -> BudgetWindow | None:
        """The window that grants nothing from now on."""
        was = self.old is not None and self.old.state is StopState.ACTIVE
        now = self.new.state is StopState.ACTIVE
        return self.new.window if now and not was and self.new.refuses else None

    @property
    def resumes(self) -> BudgetWindow | None:
        """The window that this stop lets go of."""
        was = self.old is not None and self.old.state is StopState.ACTIVE
        return self.new.window if was and self.new.is_over and self.new.refuses else None


def change(
    action: AuditAction,
    actor: str,
    at: datetime,
    old: Stop | None,
    new: Stop,
    *,
    count: StopCount | None = None,
    alerts: Sequence[Alert] | None = None,
) -> StopChange:
    """What the step writes; told are the alerts, or what the new state is."""
    told = [message(new, at)] if alerts is None else alerts
    return StopChange(
        old,
        new,
        audit.intent(f"{new.id}-{new.version}", at, action, actor, _details(new)),
        tuple(OutboxRow(alert=alert, due_at=at) for alert in told),
        count,
    )


def _details(new: Stop) -> dict[str, object]:
    return {"stop": new.model_dump(mode="json")}
