"""`GET /openapi.json`: what the API is."""

from __future__ import annotations

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from bursar.web.api.problems import answer_json
from bursar.wiring import Ports

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call] # powertools has no hint here


@router.get("/openapi.json")
def get_openapi() -> Response[str]:
    from bursar.web.api.openapi import document  # it names the body of every route

    ports: Ports = router.context["ports"]
    return answer_json(HTTPStatus.OK, document(slack=ports.config.governance.slack is not None))
