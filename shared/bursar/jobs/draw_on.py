"""Draw on approved exceptions: for what is asked, or was spent, beyond a budget's limit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
from bursar.domain.ledger.budget_windows import BudgetWindow, WindowBalance
from bursar.domain.money import Money
from bursar.jobs.admission import Admission
from bursar.jobs.raised_limits import Usable

Balances = Mapping[BudgetWindow, WindowBalance]


def draw_on(
    reservation: Reservation, short: Balances, at: datetime, admission: Admission
) -> Reservation | Refused:
    """The reservation with what approved exceptions pay of it; refused when they cannot.

    What a short window has spent beyond its limit is covered first, in a transaction of its
    own; the reservation comes back as it was, for another try.
    """
    live = admission.raised.usable(budgets_of(short), at, reservation.facts)
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


def budgets_of(windows: Iterable[BudgetWindow]) -> set[str]:
    return {window.budget_id for window in windows}


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
