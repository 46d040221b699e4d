"""What is billed, and the budgets that it is held against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # whoever imports a port pays for no domain
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from bursar.domain.alerts import OutboxRow
    from bursar.domain.budgets import BudgetState
    from bursar.domain.money import Money
    from bursar.domain.periods import Window
    from bursar.domain.reconciliation.provider_bill import ProviderFact
    from bursar.domain.spend import Metric, SpendFact


class Bill(Protocol):
    """Cost Explorer. Every page costs money; the adapter asks a budget of pages before each."""

    def facts(self, first: date, last: date, as_of: datetime) -> Sequence[SpendFact]: ...


class SpendStore(Protocol):
    def record(self, facts: Sequence[SpendFact]) -> int:
        """Keep what is new or restated of a complete bill of some days; how many facts were.

        A group of those days that the bill no longer has is restated to 0. Of a bill that is
        older than the newest of a day, nothing is kept for that day, in whatever order they come.
        """
        ...

    def latest(self, account: str, metric: Metric, first: date, last: date) -> Sequence[SpendFact]:
        """The newest telling of each day and group, by day, then group; `last` is included."""
        ...

    def balance(self, account: str, metric: Metric, month: str) -> Mapping[str, Money]:
        """What each group of a month (`2026-11`) sums to over its newest tellings."""
        ...


class ProviderBill(Protocol):
    """A model provider's own bill. Raises ProviderBillUnavailableError rather than tell half."""

    def facts(self, first: date, last: date) -> Sequence[ProviderFact]:
        """What each UTC day cost, by model or other item; `last` is included."""
        ...


class Counter(Protocol):
    """A counter with a ceiling that holds under any concurrency."""

    def take(self, name: str, ceiling: int, expires_at: datetime) -> bool:
        """Count one more, or answer False when the ceiling is reached."""
        ...


class BudgetStore(Protocol):
    def state(self, budget_id: str, window: Window) -> BudgetState | None: ...

    def commit(
        self, old: BudgetState | None, new: BudgetState, outbox: Sequence[OutboxRow]
    ) -> bool:
        """Store the new state and its messages together, or neither.

        False when `old` is no longer the current state: read again and assess again.
        """
        ...
