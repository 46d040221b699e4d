"""What admitting, settling and freeing have in common: the stores, the budgets, the patience."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bursar.domain.admission.answers import Busy, Closed, Conflict, Unknown
from bursar.domain.admission.reservations import (
    STEPS,
    HoldRefusedError,
    HoldStatus,
    HoldUnansweredError,
    Reservation,
)
from bursar.domain.ledger.enforced_budgets import EnforcedBudgets
from bursar.domain.ledger.lines import CostCategory
from bursar.domain.money import Money
from bursar.domain.scopes import Dimension
from bursar.domain.usage.billing import billed_provider
from bursar.jobs.post_usage import Patience
from bursar.jobs.raised_limits import RaisedLimits
from bursar.ports import (
    ConflictLog,
    EnforcedWindows,
    LedgerStore,
    ReservationStore,
    TokenPriceBook,
)

if TYPE_CHECKING:
    from bursar.domain.governance.policies import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """`ceiling` is the most that a single request may cost; `policies` may be of requests."""

    reservations: ReservationStore
    ledger: LedgerStore
    conflicts: ConflictLog
    windows: EnforcedWindows
    budgets: EnforcedBudgets
    raised: RaisedLimits
    prices: TokenPriceBook
    patience: Patience
    ceiling: Money | None = None
    policies: Sequence[Policy] = ()

    def facts(self, scope: Mapping[Dimension, str], at: datetime) -> dict[Dimension, str]:
        """A request's dimensions with those that follow from them, as its usage will have them.

        Raises:
            ForeignScopeError: what is named contradicts what follows.
        """
        facts = self.budgets.facts(scope)
        model = facts.get(Dimension.MODEL, "")
        bought = facts[Dimension.CATEGORY] == CostCategory.EXTERNAL_API
        if not bought or not model or Dimension.PROVIDER in facts:
            return facts
        provider = billed_provider("", model, self.prices.price_at("", model, at))
        return facts | ({Dimension.PROVIDER: provider} if provider else {})

    def of(self, principal: str, reservation_id: str) -> Reservation | None:
        """The principal's reservation of that id: others' are as if they were not."""
        found = self.reservations.find(reservation_id)
        return found if found and found.principal == principal else None

    def close(
        self, reservation: Reservation, to: HoldStatus
    ) -> Closed | Conflict | Busy | Unknown:
        """Release or expire; one that was closed so before is answered as it stands."""
        found: Reservation | None = reservation
        for attempt in range(self.patience.tries):
            if found is None:
                return Unknown()
            if found.status is to:
                return Closed(found)
            if to not in STEPS.get(found.status, ()):
                return Conflict(f"the reservation is {found.status}")
            try:
                self.reservations.close([found], to)
            except (HoldRefusedError, HoldUnansweredError):
                self.patience.pause(attempt)
                found = self.reservations.find(reservation.id)
            else:
                return Closed(found.turned(to))
        return Busy()
