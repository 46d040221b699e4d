"""Resolve a tier whose wait has timed out: follow what was decided, or end the exception."""

from __future__ import annotations

from datetime import datetime

from bursar.domain.governance.changes import Action, change
from bursar.domain.governance.exceptions import UnknownExceptionError, expire
from bursar.domain.governance.steps import Step, is_answered, next_step
from bursar.jobs.open_exception import TRIES, ExceptionContentionError
from bursar.ports import ExceptionStore

_ACTOR = "bursar"


def resolve_tier(
    exception_id: str, version: int, tier: str, at: datetime, *, exceptions: ExceptionStore
) -> Step:
    """What the execution does next. A tier that nobody answered denies: it has expired.

    Raises:
        UnknownExceptionError: there is none of this id.
        DeadlineAheadError: its time is not up.
        ExceptionContentionError: nothing was written.
    """
    for _ in range(TRIES):
        if (old := exceptions.find(exception_id)) is None:
            raise UnknownExceptionError(exception_id)
        if is_answered(old, version, tier):
            return next_step(old, version)
        new = expire(old, at)
        split = exceptions.split(old.team, old.request.policy)
        if exceptions.commit(change(Action.EXPIRED, _ACTOR, at, old, new, split)):
            return next_step(new, version)
    raise ExceptionContentionError(exception_id)
