"""What people are told of an exception.

The link is a path of the pages, which the sender knows the address of. It carries the id, and
no authority: whoever follows it signs in first.
"""

from __future__ import annotations

from datetime import datetime

from bursar.domain.alerts import Alert, Severity, alert_id
from bursar.domain.governance.exceptions import SpendException, Status

_KIND = "exception"


def message(exception: SpendException, at: datetime) -> Alert:
    """Whose answer is awaited, or how it ended."""
    request, asked = exception.request, exception.asked
    what = f"{request.amount} for {request.scope}"
    if asked is not None:
        title = f"{what} needs {asked.tier.name}"
        action = f"Decide on {exception.id} before {exception.deadline:%Y-%m-%d %H:%M} UTC."
    else:
        title = f"{what} is {exception.status}"
        action = (
            f"It may be spent until {request.until:%Y-%m-%d %H:%M} UTC."
            if exception.status is Status.APPROVED
            else "Nothing changes; a new request may be filed."
        )
    state = asked.tier.name if asked else exception.status.value
    return Alert(
        id=alert_id(_KIND, exception.id, exception.version, state),
        kind=f"{_KIND}.{'asked' if asked else exception.status.value}",
        severity=Severity.INFO,
        title=title,
        comparison=f"Beyond policy {request.policy}, asked for by {exception.requester}.",
        since=exception.opened_at,
        data_as_of=at,
        owner=exception.team,
        action=action,
        link=f"/exceptions/{exception.id}",
        policy=request.policy,
        mute="it is told once for each step",
        raised_at=at,
    )


def reminder(exception: SpendException, at: datetime) -> Alert:
    """The question again, to those who have not answered it."""
    asked = message(exception, at)
    title = f"Still open: {asked.title}"
    update = {"id": f"{asked.id}-again", "kind": f"{_KIND}.reminded", "title": title}
    return asked.model_copy(update=update)
