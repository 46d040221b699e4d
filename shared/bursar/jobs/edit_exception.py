"""Edit an exception: a new version, which everybody is asked about anew."""

from __future__ import annotations

from datetime import datetime

from bursar.domain.governance import asking
from bursar.domain.governance.changes import Action, change
from bursar.domain.governance.exceptions import Request, SpendException, UnknownExceptionError
from bursar.domain.governance.people import Person
from bursar.domain.governance.rules import Rules
from bursar.jobs.answer_workflow import answer_workflow
from bursar.jobs.open_exception import TRIES, ExceptionContentionError, start
from bursar.ports import ExceptionStore, TaskTokens, Workflow


def edit_exception(
    exception_id: str,
    request: Request,
    editor: Person,
    version: int,
    at: datetime,
    *,
    rules: Rules,
    exceptions: ExceptionStore,
    tokens: TaskTokens,
    workflow: Workflow,
) -> SpendException:
    """The new version. Its execution starts, and that of the old one ends.

    Raises:
        UnknownExceptionError: there is none of this id.
        RefusalError: it cannot be edited so; the subclass says why.
        ExceptionContentionError: nothing was written.
    """
    for _ in range(TRIES):
        if (old := exceptions.find(exception_id)) is None:
            raise UnknownExceptionError(exception_id)
        split = exceptions.split(old.team, old.request.policy)
        new = asking.edit_exception(old, request, editor, version, at, rules=rules, split=split)
        step = change(Action.EDITED, editor.id, at, old, new, split)
        if exceptions.commit(step) or exceptions.find(exception_id) == new:
            if old.asked is not None:
                tier = old.asked.tier.name
                answer_workflow(new, version, tier, tokens=tokens, workflow=workflow)
            start(new, workflow)
            return new
    raise ExceptionContentionError(exception_id)
