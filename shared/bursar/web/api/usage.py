"""`POST /v1/usage`: a machine tells which models it used, in its own format."""

from __future__ import annotations

import json
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from bursar.jobs.ingest_usage import Message
from bursar.web.api.bodies import read_text
from bursar.web.api.callers import signing_producer
from bursar.web.api.problems import ProblemError
from bursar.web.taken_usage import taken_json
from bursar.wiring import Ports

_COME_BACK_SECONDS = 5

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call] # powertools has no hint here


@router.post("/v1/usage")
def post_usage() -> Response[str]:
    """Take the body in at once; what is rejected or held is said, and the rest is posted.

    401 and 403 come before: the caller's role decides which producer, and so which tenant.
    """
    event = router.current_event
    ports: Ports = router.context["ports"]
    producer = signing_producer(ports, event.raw_event)
    message = Message(
        id=event.request_context.request_id,
        body=read_text(event.raw_event, too_long=": use the producer's queue"),
        received_at=router.context["at"],
    )
    taken = ports.usage_intake(producer.policy()).take([message])
    if taken.failed:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "not all of it could be posted now; send it again: what was posted stays once",
            retry_after_seconds=_COME_BACK_SECONDS,
        )
    taken_in = taken.accepted or taken.held or taken.conflicts or taken.dropped
    if taken.rejections and not taken_in:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "nothing of it is usage; `rejected` says why",
            figures=taken_json([taken]),
        )
    return Response(HTTPStatus.OK.value, "application/json", json.dumps(taken_json([taken])))
