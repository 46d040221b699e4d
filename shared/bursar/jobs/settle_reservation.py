"""Settle a reservation: what was spent is posted, and what was held is given back, at once."""

from __future__ import annotations

from datetime import datetime

from bursar.domain.admission.answers import Busy, Closed, Conflict, Unknown
from bursar.domain.admission.reservations import HoldStatus, Reservation
from bursar.domain.admission.settlements import settlement
from bursar.domain.ledger.planning import PostingTooLargeError
from bursar.domain.money import Money
from bursar.jobs.admission import Admission
from bursar.jobs.post_usage import LedgerBusyError, post_entries


def settle_reservation(
    reservation_id: str, principal: str, amount: Money, at: datetime, admission: Admission
) -> Closed | Conflict | Busy | Unknown:
    """Post the amount under the reservation's usage event, unless its usage did so before.

    Whichever comes first counts; the other is a duplicate, whatever it says. After an expiry
    it still counts, even beyond the limit: it is spent.

    Raises:
        PostingTooLargeError: it holds and would charge more windows than a transaction takes.
    """
    found = find_settleable(reservation_id, principal, admission)
    if isinstance(found, Unknown | Conflict):
        return found
    if not found.awaits_usage:
        return Closed(found)
    entry = settlement(found, amount, at)
    try:
        done = post_entries(
            [entry],
            ledger=admission.ledger,
            conflicts=admission.conflicts,
            windows=admission.windows,
            at=at,
            patience=admission.patience,
            budgets=admission.budgets,
            holds=[found],
        )
    except LedgerBusyError:
        return Busy()
    if done.too_large:
        raise PostingTooLargeError([entry])
    settled = admission.reservations.find(reservation_id)
    return Closed(settled) if settled else Unknown()


def find_settleable(
    reservation_id: str, principal: str, admission: Admission
) -> Reservation | Conflict | Unknown:
    """The caller's reservation, settled or to be settled; or why it never will be."""
    found = admission.of(principal, reservation_id)
    if found is None:
        return Unknown()
    if found.event is None:
        return Conflict("a lease is not settled: tell the usage of its requests")
    if found.status is HoldStatus.RELEASED:
        return Conflict("the reservation is released: tell the usage itself")
    return found
