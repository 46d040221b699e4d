"""Draw a lease: a slice of every budget of a scope, out of which a gateway admits by itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bursar.domain.admission.answers import Admitted, Busy, Conflict, Leased, Refused
from bursar.domain.admission.leases import SETTLING, slice_of
from bursar.domain.admission.reservations import Reservation, digest_of, reservation_id
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.scopes import Dimension
from bursar.jobs.admission import Admission
from bursar.jobs.admit_spend import hold, read_balances
from bursar.jobs.draw_on import budgets_of, left_of


@dataclass(frozen=True, slots=True)
class LeaseRequest:
    """`least` is the smallest slice that is of use: the dearest single request."""

    principal: str
    idempotency_key: str
    scope: Mapping[Dimension, str]
    wanted: Money
    least: Money
    usable: timedelta

    @property
    def id(self) -> str:
        return reservation_id(self.principal, f"lease:{self.idempotency_key}")

    @property
    def digest(self) -> str:
        amounts = self.wanted.plain(), self.least.plain()
        return digest_of(dict(self.scope), amounts, self.usable)


def draw_lease(
    request: LeaseRequest, at: datetime, admission: Admission
) -> Leased | Refused | Conflict | Busy:
    """Hold up to what is wanted: less as a budget runs out, and not below the least.

    It stays held for a while after it can be used, until its usage is in the ledger.

    Raises:
        UnreservableScopeError: the scope contradicts the configuration, or has too many windows.
    """
    facts = admission.facts(request.scope, at)
    life = Window(at, at + request.usable + SETTLING)
    windows = admission.budgets.windows_during(facts, life)
    least = Reservation(
        id=request.id,
        principal=request.principal,
        digest=request.digest,
        facts=facts,
        amount=request.least,
        held=dict.fromkeys(windows, request.least),
        created_at=life.start,
        expires_at=life.end,
    )
    amount = _slice(request, facts, windows, at, admission)
    slice_ = replace(least, amount=amount, held=dict.fromkeys(windows, amount))
    answer = hold(slice_, at, admission)
    if isinstance(answer, Refused) and amount > request.least:  # others drew meanwhile
        answer = hold(least, at, admission)
    if not isinstance(answer, Admitted):
        return answer
    return Leased(answer.reservation, answer.reservation.expires_at - SETTLING)


def _slice(
    request: LeaseRequest,
    facts: Mapping[Dimension, str],
    windows: Collection[BudgetWindow],
    at: datetime,
    admission: Admission,
) -> Money:
    """A share of what is available; of approved exceptions too, where that is too little."""
    balances = read_balances(windows, admission)
    available = min((each.grantable for each in balances.values()), default=None)
    if available is None:
        return request.wanted
    found = slice_of(available, request.wanted, request.least)
    if found != request.wanted:
        live = admission.raised.usable(budgets_of(windows), at, facts)
        available = min(
            each.grantable + left_of(live.get(window.budget_id, ()))
            for window, each in balances.items()
        )
        found = slice_of(available, request.wanted, request.least)
    return found or request.least
