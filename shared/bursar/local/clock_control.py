"""`POST /local/clock`: let the simulated time of `bursar local serve` pass at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bursar.local.embedded.http_gateway import (
    HttpAnswer,
    HttpRequest,
    UnauthenticatedError,
    bearer,
    problem,
)
from bursar.local.issuer import LocalIssuer

PATH = "/local/clock"
MOST_SECONDS = 30 * 24 * 3600


class BeyondTheEndError(Exception):
    """The scenario has no more time than that."""


class Advance(BaseModel):
    model_config = ConfigDict(extra="forbid")

    advance_seconds: int = Field(ge=1, le=MOST_SECONDS)


class ClockControl:
    """For whoever can sign tokens here: the user of this machine whose key it is."""

    def __init__(self, issuer: LocalIssuer, advance: Callable[[timedelta], datetime]) -> None:
        """`advance` lives through a time, and answers what time it is then.

        It raises BeyondTheEndError where there is not so much.
        """
        self._issuer, self._advance = issuer, advance

    def answer(self, request: HttpRequest) -> HttpAnswer:
        try:
            self._issuer.verify(bearer(request))
        except UnauthenticatedError as error:
            return problem(401, str(error))
        if request.method != "POST":
            return problem(404, "POST how far the clock is to advance")
        try:
            asked = Advance.model_validate_json(request.body)
            now = self._advance(timedelta(seconds=asked.advance_seconds))
        except ValidationError:
            return problem(422, f"advance_seconds is a number from 1 to {MOST_SECONDS}")
        except BeyondTheEndError as error:
            return problem(409, str(error))
        body = json.dumps({"now": now.isoformat()}).encode()
        return HttpAnswer(200, {"content-type": "application/json"}, body)
