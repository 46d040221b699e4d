"""Who calls, by what API Gateway has authenticated."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from bursar.config.usage import Producer
from bursar.web.api.problems import ProblemError
from bursar.wiring import Ports


def signing_producer(ports: Ports, event: dict[str, Any]) -> Producer:
    """The producer whose role signed the request, as configured.

    Raises:
        ProblemError: nobody signed it, or a role that no producer has.
    """
    signed = event["requestContext"].get("authorizer", {}).get("iam", {})
    if not (caller := signed.get("userArn")):
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "the request is not signed")
    if (producer := ports.config.usage.producer_of(caller)) is None:
        raise ProblemError(HTTPStatus.FORBIDDEN, "no producer of usage signs as this role")
    return producer
