"""Ask a tier: keep the token that its answer goes to, unless the answer is there already."""

from __future__ import annotations

import contextlib

from bursar.domain.governance.changes import TaskToken
from bursar.domain.governance.exceptions import UnknownExceptionError
from bursar.domain.governance.steps import ClosedTaskError, next_step
from bursar.ports import ExceptionStore, TaskTokens, Workflow


def ask_approver(
    token: TaskToken, *, exceptions: ExceptionStore, tokens: TaskTokens, workflow: Workflow
) -> bool:
    """Whether the execution now waits. The token is stored on condition that the tier is still
    asked, so a decision either finds the token or is found here.

    Raises:
        UnknownExceptionError: there is none of this id.
    """
    if tokens.put(token):
        return True
    if (exception := exceptions.find(token.exception)) is None:
        raise UnknownExceptionError(token.exception)
    with contextlib.suppress(ClosedTaskError):
        workflow.answer(token.token, next_step(exception, token.version))
    return False
