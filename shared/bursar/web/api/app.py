"""The API as one resolver; what a route needs of the outside comes with the request."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

from bursar.web.api import (
    audit,
    budgets,
    description,
    exceptions,
    gate,
    pages,
    policies,
    reservations,
    slack,
    usage,
)
from bursar.web.api.problems import ProblemError
from bursar.wiring import Ports


def build_api() -> APIGatewayHttpResolver:
    api = APIGatewayHttpResolver()
    api.include_router(usage.router)
    api.include_router(reservations.router)
    api.include_router(budgets.router)
    api.include_router(exceptions.router)
    api.include_router(audit.router)
    api.include_router(policies.router)
    api.include_router(gate.router)
    api.include_router(slack.router)
    api.include_router(description.router)
    api.include_router(pages.router)

    @api.exception_handler(ProblemError)  # type: ignore[untyped-decorator]
    def refuse(error: ProblemError) -> Response[str]:
        return error.as_response()

    @api.not_found
    def not_found(_: NotFoundError) -> Response[str]:
        return ProblemError(HTTPStatus.NOT_FOUND, "there is no such route").as_response()

    return api


def answer(
    api: APIGatewayHttpResolver, event: dict[str, Any], context: Any, ports: Ports
) -> dict[str, Any]:
    """Answer one request; its time is when API Gateway took it, so a retry decides the same."""
    taken = int(event["requestContext"]["timeEpoch"])
    at = datetime.fromtimestamp(taken / 1000, UTC)
    api.append_context(ports=ports, at=at)  # type: ignore[no-untyped-call]
    return api.resolve(event, context)
