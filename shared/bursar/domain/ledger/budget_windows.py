"""Windows of enforced budgets: what is left of one, kept with every charge and reservation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bursar.domain.money import Money


@dataclass(frozen=True, slots=True)
class BudgetWindow:
    """One window of an enforced budget: a charge raises `spent` and lowers `available`."""

    budget_id: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class WindowBalance:
    """The numbers of an enforced window: `available` is `limit - spent - reserved`, kept.

    While it is `stopped`, nothing of what is available is granted.
    """

    limit: Money
    spent: Money
    reserved: Money
    available: Money
    stopped: bool = False

    @property
    def grantable(self) -> Money:
        return Money.zero() if self.stopped else self.available


class WindowNotOpenError(LookupError):
    """A limit was to be changed in a window that is not open."""
