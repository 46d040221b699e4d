"""Reservations: an amount held in every enforced budget window that a request falls into.

A reservation never changes but for its status. Each step is written on condition that the
status is the one it starts from, never by a clock, and undoes exactly what is stored here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from bursar.domain.admission.draws import Draw, unused
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.ledger.entries import EntryId
from bursar.domain.money import Money
from bursar.domain.scopes import Dimension


class HoldStatus(StrEnum):
    """`expired`: freed because nobody settled in time. `settled_late`: spent after that."""

    OPEN = "open"
    SETTLED = "settled"
    RELEASED = "released"
    EXPIRED = "expired"
    SETTLED_LATE = "settled_late"


STEPS: Mapping[HoldStatus, frozenset[HoldStatus]] = {
    HoldStatus.OPEN: frozenset({HoldStatus.SETTLED, HoldStatus.RELEASED, HoldStatus.EXPIRED}),
    HoldStatus.EXPIRED: frozenset({HoldStatus.SETTLED_LATE}),
}


class ForbiddenStepError(ValueError):
    """A reservation was to take a status that does not follow from the one it has."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """`held` is what was taken in each window. `digest` is of the body that asked for it.

    `drawn` are the parts of what is held that an approved exception pays for.
    `usage_event_id` is the id under which its usage will be told, by the same principal; a
    lease has none: the usage of its requests is told one by one.
    """

    id: str
    principal: str
    digest: str
    facts: Mapping[Dimension, str]
    amount: Money
    held: Mapping[BudgetWindow, Money]
    created_at: datetime
    expires_at: datetime
    usage_event_id: str | None = None
    drawn: tuple[Draw, ...] = ()
    status: HoldStatus = HoldStatus.OPEN

    @property
    def event(self) -> EntryId | None:
        """The name that the entry of its usage has in the ledger."""
        return None if self.usage_event_id is None else (self.principal, self.usage_event_id)

    @property
    def awaits_usage(self) -> bool:
        """Whether its usage event closes it: an expired one is settled late."""
        return self.event is not None and self.status in STEPS

    @property
    def settled(self) -> HoldStatus:
        """The status that it takes with its usage."""
        return HoldStatus.SETTLED if self.status is HoldStatus.OPEN else HoldStatus.SETTLED_LATE

    def frees(self) -> Mapping[BudgetWindow, Money]:
        """What its next step gives back: all that is held, unless an expiry gave it back."""
        return self.held if self.status is HoldStatus.OPEN else {}

    def returns(self, spent: Mapping[BudgetWindow, Money]) -> tuple[Draw, ...]:
        """What its next step gives back to exceptions, when so much is spent in each window."""
        return unused(self.drawn, self.held, spent) if self.status is HoldStatus.OPEN else ()

    def turned(self, to: HoldStatus) -> Reservation:
        """The reservation after a step.

        Raises:
            ForbiddenStepError: the status does not lead there.
        """
        if to not in STEPS.get(self.status, ()):
            raise ForbiddenStepError(f"{self.status} does not become {to}")
        return replace(self, status=to)


@dataclass(frozen=True, slots=True)
class Closing:
    """A reservation that a posting closes with its entry, and what the entry charges instead."""

    reservation: Reservation
    charges: Mapping[BudgetWindow, Money] = field(default_factory=dict)

    @property
    def returned(self) -> tuple[Draw, ...]:
        """What goes back to approved exceptions with it."""
        return self.reservation.returns(self.charges)


def freed(reservations: Iterable[Reservation]) -> dict[BudgetWindow, Money]:
    """What the next step of all of them gives back to each window."""
    units: dict[BudgetWindow, int] = {}
    for reservation in reservations:
        for window, amount in reservation.frees().items():
            units[window] = units.get(window, 0) + amount.units
    return {window: Money.from_units(each) for window, each in units.items()}


def groups(reservations: Iterable[Reservation], most_items: int) -> Iterator[list[Reservation]]:
    """Those that one transaction can close together: they, their windows and exceptions."""
    group: list[Reservation] = []
    balances: set[object] = set()
    for each in reservations:
        own = {*each.held, *(draw.exception for draw in each.drawn)}
        if group and len(group) + 1 + len(balances | own) > most_items:
            yield group
            group, balances = [], set()
        group.append(each)
        balances |= own
    if group:
        yield group


class HoldRefusal(StrEnum):
    """Why nothing of a reservation, or of its closing, was written."""

    EXISTS = "exists"  # the reservation's id, or its usage event's
    SHORT = "short"  # a window has too little available, or is not opened yet
    CHANGED = "changed"  # its status is not what it was read as
    BUSY = "busy"  # another transaction held one of the items, or the table is throttled


class HoldRefusedError(Exception):
    """Nothing was written. It may have been written before: read the reservation first."""

    def __init__(self, reason: HoldRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


class HoldUnansweredError(Exception):
    """Nobody knows whether it was written: the answer was lost, or was a server error."""


def reservation_id(principal: str, idempotency_key: str) -> str:
    """The same for whatever one principal asks with one key; of no other pair."""
    text = json.dumps([principal, idempotency_key])
    return sha256(text.encode()).hexdigest()[:40]


def digest_of(*told: object) -> str:
    """Of a body, so that the same key with another one is noticed."""
    text = json.dumps(told, default=str, sort_keys=True)
    return sha256(text.encode()).hexdigest()[:32]
