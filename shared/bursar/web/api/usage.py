"""`POST /v1/usage`: a machine tells which models it used, in its own format."""

from __future__ import annotations

import base64
import json
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from bursar.config.usage import Producer
from bursar.jobs.ingest_usage import Ingested, Message
from bursar.web.api.problems import ProblemError
from bursar.wiring import Ports

_LONGEST_BODY_BYTES = 1_000_000
_COME_BACK_SECONDS = 5

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call] # powertools has no hint here


@router.post("/v1/usage")
def post_usage() -> Response[str]:
    """Take the body in at once; what is rejected or held is said, and the rest is posted.

    401 and 403 come before: the caller's role decides which producer, and so which tenant.
    """
    event = router.current_event
    ports: Ports = router.context["ports"]
    producer = _producer(ports, event.raw_event)
    message = Message(
        id=event.request_context.request_id,
        body=_body(event.raw_event),
        received_at=router.context["at"],
    )
    taken = ports.usage_intake(producer.policy()).take([message])
    if taken.failed:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "not all of it could be posted now; send it again: what was posted stays once",
            retry_after_seconds=_COME_BACK_SECONDS,
        )
    status = HTTPStatus.OK if taken.accepted or taken.held else HTTPStatus.UNPROCESSABLE_ENTITY
    return Response(status.value, "application/json", json.dumps(_as_json(taken)))


def _producer(ports: Ports, event: dict[str, Any]) -> Producer:
    """Who signed the request, as configured.

    Raises:
        ProblemError: nobody signed it, or a role that no producer has.
    """
    signed = event["requestContext"].get("authorizer", {}).get("iam", {})
    if not (caller := signed.get("userArn")):
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "the request is not signed")
    if (producer := ports.config.usage.producer_of(caller)) is None:
        raise ProblemError(HTTPStatus.FORBIDDEN, "no producer of usage signs as this role")
    return producer


def _body(event: dict[str, Any]) -> str:
    text: str = event.get("body") or ""
    if event.get("isBase64Encoded"):
        try:
            text = base64.b64decode(text, validate=True).decode()
        except ValueError:
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "the body is no text") from None
    if len(text.encode("utf-8", "surrogatepass")) > _LONGEST_BODY_BYTES:
        told = f"the body is longer than {_LONGEST_BODY_BYTES} bytes: use the producer's queue"
        raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, told)
    return text


def _as_json(taken: Ingested) -> dict[str, Any]:
    return {
        "accepted": taken.accepted,
        "held": taken.held,
        "rejected": [
            {"where": each.where, "reason": each.reason, "times": each.times}
            for each in taken.rejections
        ],
    }
