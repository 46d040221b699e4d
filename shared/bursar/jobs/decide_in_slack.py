"""Decide by a click in Slack, as by any other way, and tell what came of it."""

from __future__ import annotations

from datetime import datetime

from bursar.domain.governance.decisions import Choice
from bursar.domain.governance.exceptions import SpendException, Status, UnknownExceptionError
from bursar.domain.governance.people import Person
from bursar.domain.governance.refusals import RefusalError
from bursar.domain.governance.rules import Rules
from bursar.domain.governance.shown import Shown, refuse_other_amount
from bursar.domain.governance.steps import is_answered
from bursar.jobs.answer_workflow import answer_workflow
from bursar.jobs.record_decision import record_decision
from bursar.ports import ApproverChat, ExceptionHistory, ExceptionStore, TaskTokens, Workflow

_COMMENT = "in Slack"


def decide_in_slack(
    shown: Shown,
    choice: Choice,
    user_id: str,
    reply_to: str,
    at: datetime,
    *,
    rules: Rules,
    exceptions: ExceptionStore,
    history: ExceptionHistory,
    tokens: TaskTokens,
    workflow: Workflow,
    chat: ApproverChat,
) -> bool:
    """Whether it was decided by this; who clicked is told so, or why not.

    Once it is stored it is told, however often that takes: a click that comes again finds its
    own decision.

    Raises:
        ExceptionContentionError: nothing was written: to be tried again.
    """
    found = exceptions.find(shown.exception)
    if found is None:
        chat.reply(reply_to, f"There is no request {shown.exception}.", closes=True)
        return False
    decided = found
    try:
        refuse_other_amount(found, shown)
        person = rules.directory.identify_in_slack(user_id)
        if _is_stored(person, choice, shown, at, history):
            answer_workflow(found, shown.version, shown.tier, tokens=tokens, workflow=workflow)
        else:
            decided = record_decision(
                shown.exception,
                person,
                choice,
                shown.version,
                at,
                rules=rules,
                exceptions=exceptions,
                tokens=tokens,
                workflow=workflow,
                tier=shown.tier,
                comment=_COMMENT,
            )
    except (RefusalError, UnknownExceptionError) as refusal:
        late = found.status_at(at) is Status.EXPIRED
        over = late or is_answered(found, shown.version, shown.tier)
        chat.reply(reply_to, f"Nothing was decided by this: {refusal}.", closes=over)
        return False
    chat.reply(reply_to, _told(decided, person, choice, shown), closes=True)
    return True


def _is_stored(
    person: Person, choice: Choice, shown: Shown, at: datetime, history: ExceptionHistory
) -> bool:
    """Whether this click was heard before: who else answers so at its very moment?"""
    clicked = (shown.version, shown.tier, choice, person.id, at)
    return any(
        (each.version, each.tier, each.choice, each.person, each.at) == clicked
        for each in history.decisions(shown.exception)
    )


def _told(decided: SpendException, person: Person, choice: Choice, shown: Shown) -> str:
    did = "approved" if choice is Choice.APPROVE else "denied"
    what = f"{decided.id}, version {shown.version}: {shown.amount} for {decided.request.scope}"
    then = (
        f"Next it needs {decided.asked.tier.name}"
        if decided.asked
        else f"The request is {decided.status.value}"
    )
    return f"{person.id} {did} {what}, as {shown.tier}. {then}."
