"""What an exception does to budgets, and what it does not: said when it is filed and shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bursar.domain.budgets import Budget
from bursar.domain.governance.consumption import Allowance
from bursar.domain.governance.exceptions import SpendException, Status
from bursar.jobs.read_touched_budgets import TouchedBudget


def notes(
    exception: SpendException,
    status: Status,
    allowance: Allowance | None,
    raised: Budget | None,
    touched: Sequence[TouchedBudget],
) -> list[str]:
    """Nothing of one that was denied or has expired: it does nothing."""
    if status not in (Status.PENDING, Status.APPROVED):
        return []
    return [_raise(exception, raised), *_limits(exception, allowance, raised, touched)]


def _raise(exception: SpendException, raised: Budget | None) -> str:
    request = exception.request
    if raised is None:
        return f"no budget holds all of {request.scope}: no limit is raised"
    amount, until = request.amount.plain(), request.until.isoformat()
    return (
        f"raises {raised.id} ({raised.scope}), {raised.limit.plain()} USD a {raised.period},"
        f" by up to {amount} USD until {until}; what is used of it stays in the limit"
    )


def _limits(
    exception: SpendException,
    allowance: Allowance | None,
    raised: Budget | None,
    touched: Sequence[TouchedBudget],
) -> Iterator[str]:
    """Other budgets that have less than may be spent."""
    asked = allowance.remaining if allowance else exception.request.amount
    for each in touched:
        budget, available = each.budget, each.available
        if (raised and budget.id == raised.id) or available is None or available >= asked:
            continue
        told = "still refuses" if budget.enforced else "still warns"
        yield (
            f"{budget.id} ({budget.scope}) is not raised and {told}:"
            f" {available.plain()} USD available, {asked.plain()} USD asked for"
        )
