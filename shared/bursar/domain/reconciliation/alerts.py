"""What people are told when the metered book and the bill differ by more than they may."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

from bursar.domain.alerts import SYSTEM_OWNER, Alert, Driver, OutboxRow, Severity, alert_id
from bursar.domain.periods import month_window
from bursar.domain.reconciliation.aws_bill import TOLERANCE, Reconciliation

KIND = "reconciliation.differs"
_SHOWN = 5


def difference_alert(month: str, found: Reconciliation, at: datetime) -> OutboxRow | None:
    """None where the books agree. The same month is told again when its residual has doubled."""
    if found.agrees is not False:
        return None
    share = found.share
    percent = f"{float(share) * 100:.1f}%" if share is not None else "all"
    residuals = [
        (f"{day.day} {name}", usd) for day in found.closed for name, usd in day.residuals.items()
    ]
    residuals += [
        (f"booked later and not billed: {g}", -usd) for g, usd in found.not_billed.items()
    ]
    by_size = sorted(residuals, key=lambda each: -abs(each[1].amount))
    alert = Alert(
        id=alert_id(KIND, month, _doublings(share)),
        kind=KIND,
        severity=Severity.WARNING,
        title=f"{found.residual} of the AWS bill of {month} is not explained ({percent})",
        comparison=(
            f"Allowed: {float(TOLERANCE):.0%} of what is billed and metered, on"
            f" {len(found.closed)} closed days."
        ),
        since=month_window(month).start,
        data_as_of=at,
        drivers=tuple(Driver(name=name, amount=usd) for name, usd in by_size[:_SHOWN]),
        owner=SYSTEM_OWNER,
        action=f"See bursar reconcile --month {month}: is a cluster or a producer missing?",
        policy="reconciliation",
        mute="this is told once for each month and doubling and cannot be muted",
        raised_at=at,
    )
    return OutboxRow(alert=alert, due_at=at)


def _doublings(share: Fraction | None) -> int:
    """How often the tolerance was doubled until it would hold the share."""
    if share is None:
        return -1
    level, allowed = 0, TOLERANCE
    while share > allowed:
        level, allowed = level + 1, allowed * 2
    return level
