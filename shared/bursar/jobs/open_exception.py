"""Open an exception: keep what is asked for, and start asking for consent."""

from __future__ import annotations

from datetime import datetime

from bursar.domain.governance import asking
from bursar.domain.governance.changes import Action, change
from bursar.domain.governance.exceptions import Request, SpendException
from bursar.domain.governance.people import Person
from bursar.domain.governance.rules import Rules
from bursar.domain.governance.steps import execution_name, next_step
from bursar.ports import ExceptionStore, Workflow

TRIES = 8


class ExceptionContentionError(Exception):
    """Others kept changing the exception or its team's count for all of our tries: 503."""


def open_exception(
    exception_id: str,
    request: Request,
    requester: Person,
    at: datetime,
    *,
    rules: Rules,
    exceptions: ExceptionStore,
    workflow: Workflow,
) -> SpendException:
    """Open it under a new id. The same id again, as after a lost answer, opens nothing more.

    Raises:
        NotYoursError, InvalidRequestError: it cannot be asked for; the subclass says why.
        ExceptionContentionError: nothing was written.
    """
    asking.refuse_viewer(requester)  # before anything is said of the request
    team = rules.team_of(request)
    for _ in range(TRIES):
        split = exceptions.split(team, request.policy)
        opened = asking.open_exception(
            exception_id, request, requester, at, rules=rules, split=split
        )
        step = change(Action.OPENED, requester.id, at, None, opened, split)
        if exceptions.commit(step) or exceptions.find(exception_id) == opened:
            start(opened, workflow)
            return opened
    raise ExceptionContentionError(exception_id)


def start(exception: SpendException, workflow: Workflow) -> None:
    """Start the execution of the present version; again is the same one."""
    name = execution_name(exception.id, exception.version)
    workflow.start(name, next_step(exception, exception.version))
