"""`POST /v1/slack/actions`: a click in Slack. Its authority is Slack's signature, and no token.

Slack waits three seconds: the click is checked, handed over and answered; what comes of it is
told where it was clicked.
"""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import parse_qs

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, Field, Json, ValidationError

from bursar.domain.governance.decisions import Choice
from bursar.domain.governance.shown import Shown
from bursar.events.slack import SlackClick
from bursar.web.api.bodies import read_text
from bursar.web.api.problems import ProblemError, answer_json
from bursar.wiring import Ports

_REMEMBERED = timedelta(hours=1)  # a signature is good for five minutes

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call] # powertools has no hint here


class _Named(BaseModel):
    id: str = Field(max_length=100)


class _Action(BaseModel):
    action_id: Choice
    action_ts: str = Field(max_length=100)
    value: Json[Shown]


class _Clicked(BaseModel):
    """Of what Slack sends for a click, what is needed."""

    type: Literal["block_actions"]
    team: _Named
    user: _Named
    response_url: str = Field(max_length=2000)
    actions: Annotated[list[_Action], Field(min_length=1, max_length=1)]


@router.post("/v1/slack/actions")
def post_action() -> Response[str]:
    """200 once it is handed over. The same click again is answered alike, and is nothing new."""
    event = router.current_event.raw_event
    ports: Ports = router.context["ports"]
    at = router.context["at"]
    if (slack := ports.governance.slack) is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "there is no such route")
    body, headers = read_text(event), event["headers"]
    timestamp = headers.get("x-slack-request-timestamp", "")
    if not slack.is_signed(body, timestamp, headers.get("x-slack-signature", ""), at):
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "Slack has not signed this, or too long ago")
    clicked = _read(body)
    if clicked.team.id != slack.app.team_id:
        raise ProblemError(HTTPStatus.FORBIDDEN, "this is another workspace")
    [action] = clicked.actions
    try:
        slack.refuse_foreign(clicked.response_url)
    except ValueError as error:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None
    one = f"{action.value.nonce} {clicked.user.id} {action.action_ts}"
    name = f"slack#{sha256(one.encode()).hexdigest()}"
    if ports.counter.take(name, 1, at + _REMEMBERED):
        click = SlackClick(
            shown=action.value,
            choice=action.action_id,
            user_id=clicked.user.id,
            reply_to=clicked.response_url,
            at=at,
        )
        slack.handover.hand_over(click.model_dump(mode="json"))
    return answer_json(HTTPStatus.OK, {})


def _read(body: str) -> _Clicked:
    try:
        [payload] = parse_qs(body, max_num_fields=10)["payload"]
        return _Clicked.model_validate_json(payload)
    except (ValidationError, ValueError, LookupError):
        told = "this is no click on a button of Bursar's"
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, told) from None
