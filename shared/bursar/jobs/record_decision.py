"""Record a decision: first in the table, then to the workflow."""

from __future__ import annotations

from datetime import datetime

from bursar.domain.governance.changes import Action, change
from bursar.domain.governance.decisions import Choice, decide
from bursar.domain.governance.exceptions import SpendException, UnknownExceptionError
from bursar.domain.governance.people import Person
from bursar.domain.governance.rules import Rules
from bursar.jobs.answer_workflow import answer_workflow
from bursar.jobs.open_exception import TRIES, ExceptionContentionError
from bursar.ports import ExceptionStore, TaskTokens, Workflow


def record_decision(
    exception_id: str,
    person: Person,
    choice: Choice,
    version: int,
    at: datetime,
    *,
    rules: Rules,
    exceptions: ExceptionStore,
    tokens: TaskTokens,
    workflow: Workflow,
    tier: str | None = None,
    comment: str = "",
) -> SpendException:
    """The exception after the decision, which stands whatever becomes of the workflow.

    Raises:
        UnknownExceptionError: there is none of this id.
        RefusalError: this person cannot decide so now; the subclass says why.
        ExceptionContentionError: nothing was written.
    """
    for _ in range(TRIES):
        if (old := exceptions.find(exception_id)) is None:
            raise UnknownExceptionError(exception_id)
        split = exceptions.split(old.team, old.request.policy)
        decided = decide(
            old,
            person,
            choice,
            version,
            at,
            rules=rules,
            split=split,
            tier=tier,
            comment=comment,
        )
        new, decision = decided
        step = change(Action.DECIDED, person.id, at, old, new, split, decision)
        if exceptions.commit(step) or exceptions.find(exception_id) == new:
            answer_workflow(new, version, decision.tier, tokens=tokens, workflow=workflow)
            return new
    raise ExceptionContentionError(exception_id)
