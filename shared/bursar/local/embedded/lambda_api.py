"""`Invoke` of the Lambda API, as moto serves it, wired to real processes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.awslambda.models import LambdaFunction as MotoFunction

from bursar.local.embedded.invocations import Invocations
from bursar.local.embedded.replacements import replaced


@contextmanager
def answered_by(invocations: Invocations) -> Iterator[None]:
    """Let every InvokeFunction call run the deployed handler."""

    def invoke(
        function: MotoFunction, body: Any, request_headers: Any, response_headers: dict[str, str]
    ) -> bytes:
        event = json.loads(body) if body else {}
        kind = (request_headers or {}).get("X-Amz-Invocation-Type", "RequestResponse")
        if kind == "Event":
            invocations.submit(function.function_arn, event)
            return b""
        outcome = invocations.invoke(function.function_arn, event)
        if not outcome.succeeded:
            response_headers["x-amz-function-error"] = "Unhandled"
        return outcome.payload

    with replaced(MotoFunction, "invoke", invoke):
        yield
