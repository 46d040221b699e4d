"""Tell the execution that waits for a tier what is stored of the exception."""

from __future__ import annotations

import contextlib

from bursar.domain.governance.exceptions import SpendException
from bursar.domain.governance.steps import ClosedTaskError, next_step
from bursar.ports import TaskTokens, Workflow


def answer_workflow(
    exception: SpendException, version: int, tier: str, *, tokens: TaskTokens, workflow: Workflow
) -> None:
    """Answer the latest token of the tier, if it waits on this version.

    No token yet: whoever stores one will find the decision. A closed one: the execution has
    timed out, and asks what is stored.
    """
    token = tokens.latest(exception.id, tier)
    if token is not None and token.version == version:
        with contextlib.suppress(ClosedTaskError):
            workflow.answer(token.token, next_step(exception, version))
