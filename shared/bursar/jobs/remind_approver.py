"""Remind a tier: ask it again, and tell people that it has not answered."""

from __future__ import annotations

from datetime import datetime

from bursar.domain.alerts import OutboxRow
from bursar.domain.governance.changes import TaskToken
from bursar.domain.governance.exceptions import Status, UnknownExceptionError
from bursar.domain.governance.messages import reminder
from bursar.jobs.ask_approver import ask_approver
from bursar.ports import ExceptionStore, Outbox, TaskTokens, Workflow


def remind_approver(
    token: TaskToken,
    at: datetime,
    *,
    exceptions: ExceptionStore,
    tokens: TaskTokens,
    workflow: Workflow,
    outbox: Outbox,
) -> bool:
    """Whether the execution goes on waiting, now with this token; the first one has timed out.

    Raises:
        UnknownExceptionError: there is none of this id.
    """
    if not ask_approver(token, exceptions=exceptions, tokens=tokens, workflow=workflow):
        return False
    if (exception := exceptions.find(token.exception)) is None:
        raise UnknownExceptionError(token.exception)
    if exception.status_at(at) is Status.PENDING:
        outbox.post(OutboxRow(alert=reminder(exception, at), due_at=at))
    return True
