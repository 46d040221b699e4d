"""The HTTP API: routes and authorizers from the template, requests as Lambda is given them."""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote

from bursar.local.embedded.cloud import EmbeddedCloud
from bursar.local.embedded.functions import Route

_TEXT = ("text/", "application/json", "application/problem+json", "application/x-www-form")


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """`headers` have lower-case names; `path` still has its percent signs."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    source_ip: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class UnauthenticatedError(Exception):
    """The request has no bearer token, or one that is not valid here."""


class NotAllowedError(Exception):
    """Who was authenticated may not call this route at all."""


Authorize = Callable[[Route, str], Mapping[str, Any]]
"""The `authorizer` part of the request context for a bearer token. Raises the errors above."""


class HttpGateway:
    def __init__(self, cloud: EmbeddedCloud, authorize: Authorize) -> None:
        self._cloud, self._authorize = cloud, authorize
        self._routes = [(_pattern(route.key), route) for route in cloud.deployment.routes]

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Authorize, invoke, translate the answer; and wait for what the function set off."""
        found = self._route(request)
        if found is None:
            return self._no_route(request)
        route, parameters = found
        authorizer: Mapping[str, Any] = {}
        if route.authorization != "NONE":
            try:
                authorizer = self._authorize(route, bearer(request))
            except UnauthenticatedError as error:
                return problem(401, str(error))
            except NotAllowedError as error:
                return problem(403, str(error))
        outcome = self._cloud.invoke(
            route.function_arn, self._event(request, route, parameters, authorizer)
        )
        self._cloud.settle()
        if not outcome.succeeded:
            return problem(500, "Internal Server Error")
        return _translated(outcome.response)

    def _route(self, request: HttpRequest) -> tuple[Route, Mapping[str, str]] | None:
        """The most exact route: the one with the fewest variables."""
        matching = [
            (len(pattern.groupindex), route, match.groupdict())
            for pattern, route in self._routes
            if (match := pattern.fullmatch(f"{request.method} {request.path}"))
        ]
        if not matching:
            return None
        _, route, found = min(matching, key=lambda each: each[0])
        return route, {name: unquote(value) for name, value in found.items()}

    def _no_route(self, request: HttpRequest) -> HttpAnswer:
        """405 where the path is known by another method; API Gateway itself says 404 there."""
        allowed = [
            route.key.partition(" ")[0]
            for pattern, route in self._routes
            if pattern.fullmatch(f"{route.key.partition(' ')[0]} {request.path}")
        ]
        if not allowed:
            return problem(404, "there is no such route")
        told = problem(405, "the route does not take this method")
        return replace(told, headers={**told.headers, "allow": ", ".join(sorted(allowed))})

    def _event(
        self,
        request: HttpRequest,
        route: Route,
        parameters: Mapping[str, str],
        authorizer: Mapping[str, Any],
    ) -> dict[str, Any]:
        now = self._cloud.clock.now
        text, binary = _as_text(request)
        context: dict[str, Any] = {
            "accountId": self._cloud.account,
            "apiId": "embedded",
            "domainName": "api.embedded",
            "domainPrefix": "api",
            "http": {
                "method": request.method,
                "path": unquote(request.path),
                "protocol": "HTTP/1.1",
                "sourceIp": request.source_ip,
                "userAgent": request.headers.get("user-agent", ""),
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": route.key,
            "stage": "$default",
            "time": f"{now:%d/%b/%Y:%H:%M:%S +0000}",
            "timeEpoch": int(now.timestamp() * 1000),
        }
        if authorizer:
            context["authorizer"] = dict(authorizer)
        hidden = {"authorization"} if route.authorization == "AWS_IAM" else set()
        event: dict[str, Any] = {
            "version": "2.0",
            "routeKey": route.key,
            "rawPath": unquote(request.path),
            "rawQueryString": request.query,
            "headers": {k: v for k, v in request.headers.items() if k not in hidden},
            "requestContext": context,
            "isBase64Encoded": binary,
        }
        if query := _joined(request.query):
            event["queryStringParameters"] = query
        if parameters:
            event["pathParameters"] = dict(parameters)
        if request.body:
            event["body"] = text
        return event


def problem(status: int, detail: str) -> HttpAnswer:
    """An error as RFC 9457 has it."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    headers = {"content-type": "application/problem+json"}
    return HttpAnswer(status, headers, json.dumps(body).encode())


def _as_text(request: HttpRequest) -> tuple[str, bool]:
    """The body, and whether it had to be written in base64."""
    if request.headers.get("content-type", "text/").startswith(_TEXT):
        with suppress(UnicodeDecodeError):
            return request.body.decode(), False
    return base64.b64encode(request.body).decode(), True


def _pattern(route_key: str) -> re.Pattern[str]:
    if route_key == "$default":
        return re.compile(".*", re.DOTALL)
    method, path = route_key.split(" ", 1)
    parts = re.split(r"\{([^}]+)\}", path)
    text = "".join(
        re.escape(part)
        if n % 2 == 0
        else f"(?P<{part.removesuffix('+')}>{'.+' if part.endswith('+') else '[^/]+'})"
        for n, part in enumerate(parts)
    )
    return re.compile(f"{'[A-Z]+' if method == 'ANY' else method} {text}")


def bearer(request: HttpRequest) -> str:
    """The token of a request.

    Raises:
        UnauthenticatedError: it has none.
    """
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise UnauthenticatedError("send `Authorization: Bearer TOKEN`")
    return token.strip()


def _joined(query: str) -> dict[str, str]:
    """Repeated parameters are joined by commas, as API Gateway does."""
    joined: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _translated(response: Any) -> HttpAnswer:
    """What a function answered; one without a statusCode is a body of JSON."""
    if not isinstance(response, dict) or "statusCode" not in response:
        body = json.dumps(response).encode()
        return HttpAnswer(200, {"content-type": "application/json"}, body)
    text = response.get("body") or ""
    body = base64.b64decode(text) if response.get("isBase64Encoded") else text.encode()
    headers = {name.lower(): str(value) for name, value in (response.get("headers") or {}).items()}
    return HttpAnswer(int(response["statusCode"]), headers, body)
