"""What is answered to those who want to spend."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bursar.domain.admission.reservations import Reservation
from bursar.domain.money import Money


@dataclass(frozen=True, slots=True)
class Admitted:
    """The amount is held; the same to everyone who asks with the same key and body.

    `review` is the policy that wants a person to look at it.
    """

    reservation: Reservation
    review: str | None = None


@dataclass(frozen=True, slots=True)
class Leased:
    """A slice is held, to be spent before `usable_until`."""

    reservation: Reservation
    usable_until: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """A limit is reached: of a budget, the ceiling of a single request, or a policy's."""

    budget: str
    available: Money


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Nobody has a price for the model, so nobody knows what to hold."""

    model: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """The key or the usage event stands for something else, or the reservation is closed."""

    detail: str


@dataclass(frozen=True, slots=True)
class Busy:
    """Others were in the way for all of our tries; ask again with the same key."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The reservation, settled, released or expired."""

    reservation: Reservation


@dataclass(frozen=True, slots=True)
class Unknown:
    """The principal has no reservation of that id."""
