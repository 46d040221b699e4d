"""Ask a tier in Slack: beside the mail, and for whoever may answer there."""

from __future__ import annotations

from datetime import datetime

from bursar.domain.governance.exceptions import Status, UnknownExceptionError
from bursar.domain.governance.steps import is_answered
from bursar.ports import ApproverChat, ExceptionStore


def ask_in_slack(
    exception_id: str,
    version: int,
    tier: str,
    nonce: str,
    at: datetime,
    *,
    exceptions: ExceptionStore,
    chat: ApproverChat,
    again: bool = False,
) -> bool:
    """Whether it was asked: what has been answered meanwhile is not, nor what is too late.

    Raises:
        UnknownExceptionError: there is none of this id.
    """
    if (exception := exceptions.find(exception_id)) is None:
        raise UnknownExceptionError(exception_id)
    if is_answered(exception, version, tier) or exception.status_at(at) is not Status.PENDING:
        return False
    chat.ask(exception, nonce, again=again)
    return True
