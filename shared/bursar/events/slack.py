"""What is handed over to the functions that talk with Slack."""

from __future__ import annotations

from pydantic import AwareDatetime

from bursar.domain.governance.decisions import Choice
from bursar.domain.governance.shown import Shown
from bursar.events import Event


class SlackQuestion(Event):
    """A tier whose answer is awaited, since `at` or still. `nonce` is of this one message."""

    exception: str
    version: int
    tier: str
    at: AwareDatetime
    nonce: str
    again: bool = False


class SlackClick(Event):
    """Who clicked what, by a request that Slack has signed; `at` is when it came."""

    shown: Shown
    choice: Choice
    user_id: str
    reply_to: str
    at: AwareDatetime
