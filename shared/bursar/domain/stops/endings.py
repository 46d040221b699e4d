"""When a stop ends: with its period, its time or its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from bursar.domain.governance.exceptions import SpendException, Status
from bursar.domain.money import Money
from bursar.domain.scopes import Scope
from bursar.domain.stops.records import Ending, Stop
from bursar.domain.stops.rules import is_crossed


class Cover(NamedTuple):
    """An approved exception that covers a budget's scope. `worth` is what it raises the window's
    limit by: all of it while it may be used, then what was used."""

    exception: str
    approved_at: datetime
    until: datetime
    worth: Money


def covers(exception: SpendException, scope: Scope) -> bool:
    """Whether it is approved, for this scope or one that this scope lies in."""
    facts = {dimension: scope[dimension] for dimension in scope.dimensions}
    return exception.status is Status.APPROVED and exception.request.scope.covers(facts)


def approved_at(exception: SpendException) -> datetime:
    return max(each.decided_at for each in exception.consents if each.decided_at)


def raised(found: Sequence[Cover]) -> Money:
    return Money.sum(each.worth for each in found)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a budget's window has come to. `limit` is without exceptions."""

    limit: Money
    spent: Money
    as_of: datetime


def ending(
    stop: Stop, standing: Standing | None, found: Sequence[Cover], at: datetime
) -> tuple[Ending, str] | None:
    """Why the stop ends now, and how that is told; None: it goes on.

    One that a person asked for ends by an exception that was approved after it began, whatever
    the budget stands at.
    """
    if at >= stop.ends_at:
        return Ending.NEW_PERIOD, "a new period began"
    if at >= stop.expires_at:
        return Ending.EXPIRY, f"its time was up at {stop.expires_at:%Y-%m-%d %H:%M} UTC"
    if stop.by is not None:
        later = [each for each in found if each.approved_at > stop.at and at < each.until]
        if not later:
            return None
        return Ending.EXCEPTION, f"exception {later[0].exception} was approved"
    if standing is None:
        return None
    more = raised(found)
    if is_crossed(standing.spent, standing.limit + more, stop.percent):
        return None
    if is_crossed(standing.spent, standing.limit, stop.percent):
        ids = ", ".join(each.exception for each in found if each.worth)
        return Ending.EXCEPTION, f"exception {ids} covers {more} more"
    return Ending.RECOVERED, f"{standing.spent} is below {stop.percent}% of {standing.limit}"
