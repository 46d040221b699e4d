"""Cover what enforced budgets have spent without asking, out of their approved exceptions."""

from __future__ import annotations

from datetime import datetime

from bursar.jobs.admission import Admission
from bursar.jobs.draw_on import budgets_of, cover


def cover_overruns(at: datetime, admission: Admission) -> int:
    """How many budgets were raised. What was approved stays in the limit when the rest ends."""
    due = admission.budgets.current_windows(at)
    live = admission.raised.usable(budgets_of(due), at)
    raised = 0
    for window in due:
        balance = admission.windows.balance(window) if window.budget_id in live else None
        if balance is not None:
            raised += cover({window: balance}, live, at, admission)
    return raised
