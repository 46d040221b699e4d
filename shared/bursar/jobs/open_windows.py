"""Open the windows of enforced budgets before they begin, with the limits as configured now."""

from __future__ import annotations

from datetime import datetime

from bursar.domain.ledger.budget_windows import WindowNotOpenError
from bursar.domain.ledger.enforced_budgets import EnforcedBudgets
from bursar.ports import EnforcedWindows


def open_windows(at: datetime, *, windows: EnforcedWindows, budgets: EnforcedBudgets) -> None:
    """See that the current and the next window of each budget are open and have its limit.

    A limit that was lowered below what is spent leaves less than nothing available: nobody is
    admitted, and what is spent stays to be seen.
    """
    for window in budgets.windows_due(at):
        limit = budgets.limit(window)
        try:
            windows.set_base(window, limit)
        except WindowNotOpenError:
            windows.open(window, limit)
