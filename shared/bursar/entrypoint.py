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
        name = work.__module__.split(".")[-2]
        logger = Logger(service=name)
        metrics = Metrics(namespace=NAMESPACE, service=name)

        @wraps(work)
        def handler(event: dict[str, Any], _context: Any) -> Result:
            result = work(parse(event), ports_for(settings_type))
            metrics.add_metric(HEARTBEAT, MetricUnit.Count, 1)
            logger.info("done", extra=result)
            return result

        observed: Handler = logger.inject_lambda_context(clear_state=True)(
            metrics.log_metrics(handler)
        )
        return observed

    return decorate
