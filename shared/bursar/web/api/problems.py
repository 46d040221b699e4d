"""Errors of the API: RFC 9457 problem details, in the order 401, 404, 403, 410, 409, 422."""

from __future__ import annotations

import json
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

PROBLEM_JSON = "application/problem+json"


class ProblemError(Exception):
    """A request that is refused; `retry_after_seconds` says when it may be sent again."""

    def __init__(
        self, status: HTTPStatus, detail: str, *, retry_after_seconds: int | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.retry_after_seconds = retry_after_seconds

    def as_response(self) -> Response[str]:
        body = {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
        }
        headers = {}
        if self.retry_after_seconds is not None:
            headers["Retry-After"] = str(self.retry_after_seconds)
        return Response(self.status.value, PROBLEM_JSON, json.dumps(body), headers)
