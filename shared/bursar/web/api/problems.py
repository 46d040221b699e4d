"""Errors of the API: RFC 9457 problem details, in the order 401, 404, 403, 410, 409, 422."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

PROBLEM_JSON = "application/problem+json"


class ProblemError(Exception):
    """A request that is refused; `retry_after_seconds` says when it may be sent again.

    `figures` are further members of the problem, for programs to read. `errors` are what is
    wrong by the member of the body, for whoever shows it beside its field.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        retry_after_seconds: int | None = None,
        figures: Mapping[str, Any] | None = None,
        errors: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.retry_after_seconds = retry_after_seconds
        self.figures = figures or {}
        self.errors = errors or {}

    def as_response(self) -> Response[str]:
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
            **self.figures,
        }
        if self.errors:
            body["errors"] = [
                {"pointer": f"#/{member}", "detail": detail}
                for member, detail in self.errors.items()
            ]
        headers = {}
        if self.retry_after_seconds is not None:
            headers["Retry-After"] = str(self.retry_after_seconds)
        return Response(self.status.value, PROBLEM_JSON, json.dumps(body), headers)


def answer_json(status: HTTPStatus, told: Any) -> Response[str]:
    """An answer that is no problem. What people asked and were told is kept by no cache."""
    headers = {"Cache-Control": "no-store"}
    return Response(status.value, "application/json", json.dumps(told), headers)
