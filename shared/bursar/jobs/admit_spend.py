"""Admit a request before it spends: hold its worst case in every budget that it falls into."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from bursar.domain.admission.answers import Admitted, Busy, Conflict, Refused, Unpriced
from bursar.domain.admission.estimates import worst_case
from bursar.domain.admission.reservations import (
    HoldRefusal,
    HoldRefusedError,
    HoldUnansweredError,
    Reservation,
    digest_of,
    reservation_id,
)
from bursar.domain.governance.policies import (
    Fact,
    GatedKind,
    Judgement,
    Policy,
    Verdict,
    judge,
)
from bursar.domain.ledger.budget_windows import BudgetWindow, WindowBalance
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.scopes import Dimension
from bursar.jobs.admission import Admission
from bursar.jobs.draw_on import draw_on
from bursar.jobs.release_expired import release_expired

_REFUSALS = {Verdict.REQUIRE_APPROVAL, Verdict.STOP, Verdict.DENY}
CEILING = "request-ceiling"  # what refuses a request that is too dear by itself


@dataclass(frozen=True, slots=True)
class Tokens:
    """The prompt, and the most that may be generated."""

    input: int
    output: int


@dataclass(frozen=True, slots=True)
class SpendRequest:
    """`scope` has the dimensions of what is to be bought. Without an event of its own, the
    usage is expected under the reservation's id."""

    principal: str
    idempotency_key: str
    scope: Mapping[Dimension, str]
    amount: Money | Tokens
    life: timedelta
    usage_event_id: str | None = None

    @property
    def id(self) -> str:
        return reservation_id(self.principal, self.idempotency_key)

    @property
    def digest(self) -> str:
        told = self.amount.plain() if isinstance(self.amount, Money) else repr(self.amount)
        return digest_of(dict(self.scope), told, self.life, self.usage_event_id)


def admit_spend(
    request: SpendRequest, at: datetime, admission: Admission
) -> Admitted | Refused | Unpriced | Conflict | Busy:
    """Hold the amount in all of the request's windows, or say why not.

    Asked again with the same key and body, the answer is the same; refusals alone are not
    remembered.

    Raises:
        UnreservableScopeError: the scope contradicts the configuration, or has too many windows.
    """
    facts = admission.facts(request.scope, at)
    life = Window(at, at + request.life)
    windows = admission.budgets.windows_during(facts, life)
    amount = _amount(request, facts, at, admission)
    if amount is None and windows:
        return Unpriced(facts.get(Dimension.MODEL, ""))
    amount = amount or Money.zero()
    if admission.ceiling is not None and amount > admission.ceiling:
        return Refused(CEILING, admission.ceiling)
    judged = _judge(facts, amount, admission.policies)
    if judged.verdict in _REFUSALS:
        return Refused(judged.policy or GatedKind.API_REQUEST, Money.zero())
    reservation = Reservation(
        id=request.id,
        principal=request.principal,
        digest=request.digest,
        facts=facts,
        amount=amount,
        held=dict.fromkeys(windows, amount),
        created_at=life.start,
        expires_at=life.end,
        usage_event_id=request.usage_event_id or request.id,
    )
    answer = hold(reservation, at, admission)
    if isinstance(answer, Admitted) and judged.verdict is Verdict.REVIEW:
        return replace(answer, review=judged.policy)
    return answer


def _judge(facts: Mapping[Dimension, str], amount: Money, policies: Sequence[Policy]) -> Judgement:
    """What policies say of single requests; where none does, budgets alone decide."""
    own = [policy for policy in policies if policy.kind is GatedKind.API_REQUEST]
    if not own:
        return Judgement(Verdict.ALLOW, None, "")
    told: dict[str, Fact] = {str(name): value for name, value in facts.items()}
    told["estimated_cost_usd"] = Decimal(amount.plain())
    return judge(own, GatedKind.API_REQUEST, told)


def hold(
    reservation: Reservation, at: datetime, admission: Admission
) -> Admitted | Refused | Conflict | Busy:
    """Write the reservation, by bounded tries.

    After each try that failed the reservation is read first: an answer that was lost is no
    refusal. What windows have too little of is drawn from approved exceptions, once what has
    expired in them is freed.
    """
    reclaim = True
    for attempt in range(admission.patience.tries):
        reason = _try(reservation, admission)
        if reason is None:
            return Admitted(reservation)
        if stands := admission.reservations.find(reservation.id):
            return _again(stands, reservation)
        if reason is HoldRefusal.EXISTS:
            return Conflict("the usage event is told already, or held by another reservation")
        if reason is HoldRefusal.BUSY or reservation.drawn:  # others draw at the same moment
            admission.patience.pause(attempt)
        reservation = replace(reservation, drawn=())
        if reason is HoldRefusal.SHORT and (short := _short(reservation, admission)):
            answer = _make_room(reservation, short, at, admission, reclaim=reclaim)
            if isinstance(answer, Refused):
                return answer
            reservation, reclaim = answer, False
    return Busy()


def _make_room(
    reservation: Reservation,
    short: Mapping[BudgetWindow, WindowBalance],
    at: datetime,
    admission: Admission,
    *,
    reclaim: bool,
) -> Reservation | Refused:
    """The reservation for another try."""
    if reclaim and release_expired(at, admission, holding=short.keys()).expired:
        return reservation
    return draw_on(reservation, short, at, admission)


def _try(reservation: Reservation, admission: Admission) -> HoldRefusal | None:
    try:
        admission.reservations.reserve(reservation)
    except HoldUnansweredError:
        return HoldRefusal.BUSY
    except HoldRefusedError as error:
        return error.reason
    return None


def _again(stands: Reservation, asked: Reservation) -> Admitted | Conflict:
    if stands.digest != asked.digest:
        return Conflict("the idempotency key stands for another request")
    return Admitted(stands)


def _short(reservation: Reservation, admission: Admission) -> Mapping[BudgetWindow, WindowBalance]:
    """The windows with too little; those that are not open yet are opened."""
    balances = read_balances(reservation.held, admission)
    return {
        window: balance
        for window, balance in balances.items()
        if balance.stopped or balance.available < reservation.held[window]
    }


def read_balances(
    windows: Collection[BudgetWindow], admission: Admission
) -> Mapping[BudgetWindow, WindowBalance]:
    """The balance of each window, opened if it was not."""
    found = {}
    for window in windows:
        if (balance := admission.windows.balance(window)) is None:
            limit = admission.budgets.limit(window)
            admission.windows.open(window, limit)
            balance = WindowBalance(limit, Money.zero(), Money.zero(), limit)
        found[window] = balance
    return found


def _amount(
    request: SpendRequest, facts: Mapping[Dimension, str], at: datetime, admission: Admission
) -> Money | None:
    """None: nobody has a price for the model."""
    if isinstance(request.amount, Money):
        return request.amount
    provider, model = facts.get(Dimension.PROVIDER, ""), facts.get(Dimension.MODEL, "")
    price = admission.prices.price_at(provider, model, at)
    if price is None:
        return None
    return worst_case(price, request.amount.input, request.amount.output)
