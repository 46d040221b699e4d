"""What every Lambda here does around its own work, once: parse, log, count, fail loudly."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from bursar.settings import Settings
from bursar.wiring import Ports

T = TypeVar("T")
Result = dict[str, Any]
Handler = Callable[[dict[str, Any], Any], Result]

NAMESPACE = "Bursar"
HEARTBEAT = "Heartbeat"


_ports: dict[type[Settings], Ports] = {}


def ports_for(settings_type: type[Settings]) -> Ports:
    """Built once per warm Lambda, on first use, never at import."""
    if settings_type not in _ports:
        _ports[settings_type] = Ports(settings_type.from_environ(os.environ))
    return _ports[settings_type]


def entrypoint(
    parse: Callable[[dict[str, Any]], T], settings_type: type[Settings]
) -> Callable[[Callable[[T, Ports], Result]], Handler]:
    """Turn `work(event, ports)` into a Lambda handler.

    An invalid event or a failing job raises: the platform retries it, then hands it to the
    function's on-failure destination. Nothing is caught and logged away. A run that succeeds
    beats once: the alarm on a heart that stopped is the proof that Bursar is not blind.
    """

    def decorate(work: Callable[[T, Ports], Result]) -> Handler:
        logger, metrics = _observers(work)

        @wraps(work)
        def handler(event: dict[str, Any], _context: Any) -> Result:
            result = work(parse(event), ports_for(settings_type))
            metrics.add_metric(HEARTBEAT, MetricUnit.Count, 1)
            logger.info("done", extra=result)
            return result

        return _observed(handler, logger, metrics)

    return decorate


def http_entrypoint(
    settings_type: type[Settings],
) -> Callable[[Callable[[dict[str, Any], Any, Ports], Result]], Handler]:
    """Turn `answer(event, context, ports)` into a Lambda handler of the HTTP API.

    What raises is answered by API Gateway with 500. Of an answer only its status is logged:
    what people asked and were told is theirs.
    """

    def decorate(answer: Callable[[dict[str, Any], Any, Ports], Result]) -> Handler:
        logger, metrics = _observers(answer)

        @wraps(answer)
        def handler(event: dict[str, Any], context: Any) -> Result:
            result = answer(event, context, ports_for(settings_type))
            metrics.add_metric(HEARTBEAT, MetricUnit.Count, 1)
            said = {"route": event.get("routeKey"), "status": result.get("statusCode")}
            logger.info("answered", extra=said)
            return result

        return _observed(handler, logger, metrics)

    return decorate


def _observers(work: Callable[..., Result]) -> tuple[Logger, Metrics]:
    name = work.__module__.split(".")[-2]
    return Logger(service=name), Metrics(namespace=NAMESPACE, service=name)


def _observed(handler: Handler, logger: Logger, metrics: Metrics) -> Handler:
    observed: Handler = logger.inject_lambda_context(clear_state=True)(
        metrics.log_metrics(handler)
    )
    return observed
