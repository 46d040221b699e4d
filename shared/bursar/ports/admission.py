"""Money held before it is spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # whoever imports a port pays for no domain
    from collections.abc import Sequence
    from datetime import datetime

    from bursar.domain.admission.draws import Draw
    from bursar.domain.admission.reservations import HoldStatus, Reservation


class ReservationStore(Protocol):
    """Reservations, and what they hold of windows. Each write is one transaction, tried once."""

    def reserve(self, reservation: Reservation) -> None:
        """Hold its amount in each of its windows, or in none; what it draws is debited at once.

        Raises:
            HoldRefusedError: nothing was written; its `reason` says why.
            HoldUnansweredError: it may have been written.
        """
        ...

    def close(self, reservations: Sequence[Reservation], to: HoldStatus) -> None:
        """Release or expire them as they were read: what is held is available again, and what
        is drawn goes back to its exceptions.

        All or none; they and their windows are at most 100 items.

        Raises:
            HoldRefusedError, HoldUnansweredError: see `reserve`.
        """
        ...

    def cover(self, drawn: Sequence[Draw], at: datetime) -> None:
        """Raise each window by what it has spent beyond its limit, out of approved exceptions.

        Raises:
            HoldRefusedError, HoldUnansweredError: see `reserve`.
        """
        ...

    def find(self, reservation_id: str) -> Reservation | None:
        """Read consistently."""
        ...

    def due(self, by: datetime) -> Sequence[Reservation]:
        """Open ones that expire by then, soonest first, at most 1,000; a list may lag behind."""
        ...
