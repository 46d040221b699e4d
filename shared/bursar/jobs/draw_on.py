"""Draw on approved exceptions: for what is asked, or was spent, beyond a budget's limit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bursar.domain.admission.answers import Refused
from bursar.domain.admission.draws import by_window, draw
from bursar.domain.admission.reservations import (
    HoldRefusedError,
    HoldUnansweredError,
    Reservation,
)
from bursar.domain.governance.consumption import Allowance
from bursar.domain.ledger.postings import BudgetWindow, WindowBalance
from bursar.domain.money import Money
from bursar.domain.scopes import Dimension
from bursar.jobs.admission import Admission

Balances = Mapping[BudgetWindow, WindowBalance]
Usable = Mapping[str, Sequence[Allowance]]  # by the id of the budget that they raise


def draw_on(
    reservation: Reservation, short: Balances, at: datetime, admission: Admission
) -> Reservation | Refused:
    """The reservation with what approved exceptions pay of it; refused when they cannot.

    What a short window has spent beyond its limit is covered first, in a transaction of its
    own; the reservation comes back as it was, for another try.
    """
    live = usable_allowances(short, at, admission, reservation.facts)
    if any(balance.stopped for balance in short.values()):
        return _refused(short, live)
    if cover(short, live, at, admission):
        return reservation
    missing = {
        window: reservation.held[window] - balance.available for window, balance in short.items()
    }
    drawn = draw(missing, live)
    if by_window(drawn) != missing:
        return _refused(short, live)
    return replace(reservation, drawn=drawn)


def usable_allowances(
    windows: Collection[BudgetWindow],
    at: datetime,
    admission: Admission,
    facts: Mapping[Dimension, str] | None = None,
) -> dict[str, list[Allowance]]:
    """Those of which something is left for the windows' budgets, soonest end first.

    Args:
        facts: of a request; only exceptions that were granted for all of it are of use.
    """
    listed = [
        each
        for each in admission.allowances.ending_after(at)
        if facts is None or each.scope.covers(facts)
    ]
    found = {}
    for budget in sorted({window.budget_id for window in windows}) if listed else ():
        read = (
            admission.allowances.allowance(each.exception)
            for each in admission.raised.raising(budget, listed)
        )
        usable = [
            each for each in read if each and each.usable(at) and each.budget in (None, budget)
        ]
        if usable:
            found[budget] = usable
    return found


def left_of(allowances: Sequence[Allowance]) -> Money:
    return Money.sum(each.remaining for each in allowances)


def cover(balances: Balances, live: Usable, at: datetime, admission: Admission) -> bool:
    """Raise the windows that are overspent, as far as there is anything to raise them by.

    False: there was nothing to do. Who is in the way has done it, or the next run does it.
    """
    over = {
        window: -balance.available
        for window, balance in balances.items()
        if balance.available < Money.zero()
    }
    drawn = draw(over, live)
    if drawn:
        try:
            admission.reservations.cover(drawn, at)
        except (HoldRefusedError, HoldUnansweredError):
            return True  # the numbers have changed: they are read again
    return bool(drawn)


def _refused(short: Balances, live: Usable) -> Refused:
    """By the scarcest budget; the same one of several that are as scarce."""
    has = {
        window: balance.grantable
        if balance.stopped
        else balance.available + left_of(live.get(window.budget_id, ()))
        for window, balance in short.items()
    }
    scarcest = min(has, key=lambda each: (has[each].units, each.budget_id))
    return Refused(scarcest.budget_id, has[scarcest])
