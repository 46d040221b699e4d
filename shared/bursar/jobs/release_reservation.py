"""Release a reservation of which nothing was spent."""

from __future__ import annotations

from bursar.domain.admission.answers import Busy, Closed, Conflict, Unknown
from bursar.domain.admission.reservations import HoldStatus
from bursar.jobs.admission import Admission


def release_reservation(
    reservation_id: str, principal: str, admission: Admission
) -> Closed | Conflict | Busy | Unknown:
    """Give back what it holds. One that has expired holds nothing: it is answered as it is."""
    found = admission.of(principal, reservation_id)
    if found is None:
        return Unknown()
    if found.status is HoldStatus.EXPIRED:
        return Closed(found)
    return admission.close(found, HoldStatus.RELEASED)
