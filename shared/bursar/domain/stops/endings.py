"""When a stop ends: with its period, its time or its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bursar.domain.governance.consumption import Allowance
from bursar.domain.money import Money
from bursar.domain.stops.records import Ending, Stop
from bursar.domain.stops.rules import is_crossed


@dataclass(frozen=True, slots=True)
class Standing:
    """What a budget's window has come to. `limit` is as configured; in `raised` is what approved
    exceptions add to it."""

    limit: Money
    raised: Money
    spent: Money
    as_of: datetime


def ending(
    stop: Stop, standing: Standing | None, raising: Sequence[Allowance], at: datetime
) -> tuple[Ending, str] | None:
    """Why the stop ends now, and how that is told; None: it goes on.

    One that a person asked for ends by an exception that was approved after it began, whatever
    the budget stands at.

    Args:
        raising: the approved exceptions that raise its budget.
    """
    if at >= stop.ends_at:
        return Ending.NEW_PERIOD, "a new period began"
    if at >= stop.expires_at:
        return Ending.EXPIRY, f"its time was up at {stop.expires_at:%Y-%m-%d %H:%M} UTC"
    if stop.by is not None:
        later = [each for each in raising if each.since > stop.at and at < each.until]
        if not later:
            return None
        return Ending.EXCEPTION, f"exception {later[0].exception} was approved"
    if standing is None or is_crossed(standing.spent, standing.raised, stop.percent):
        return None
    if is_crossed(standing.spent, standing.limit, stop.percent):
        ids = ", ".join(each.exception for each in raising)
        return Ending.EXCEPTION, f"exception {ids} raised the limit to {standing.raised}"
    return Ending.RECOVERED, f"{standing.spent} is below {stop.percent}% of {standing.limit}"
