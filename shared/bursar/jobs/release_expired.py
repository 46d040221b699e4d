"""Free what reservations hold that nobody settled in time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from bursar.domain.admission.answers import Busy, Closed
from bursar.domain.admission.reservations import (
    HoldRefusedError,
    HoldStatus,
    HoldUnansweredError,
    groups,
)
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.ledger.postings import MOST_ITEMS
from bursar.jobs.admission import Admission


@dataclass(frozen=True, slots=True)
class Swept:
    """How many reservations are expired now; `busy` ones are for the next run."""

    expired: int
    busy: int


def release_expired(
    at: datetime, admission: Admission, *, holding: Collection[BudgetWindow] = ()
) -> Swept:
    """Expire the reservations that are due; of certain windows, if some are named.

    The time only says which to try: one that is settled meanwhile stays so. As many as fit go
    together, so that a busy window sees few transactions.
    """
    wanted = set(holding)
    due = [
        each for each in admission.reservations.due(at) if not wanted or wanted & each.held.keys()
    ]
    expired = busy = 0
    for group in groups(due, MOST_ITEMS):
        try:
            admission.reservations.close(group, HoldStatus.EXPIRED)
        except (HoldRefusedError, HoldUnansweredError):
            answers = [admission.close(each, HoldStatus.EXPIRED) for each in group]
            expired += sum(isinstance(each, Closed) for each in answers)
            busy += sum(isinstance(each, Busy) for each in answers)
        else:
            expired += len(group)
    return Swept(expired, busy)
