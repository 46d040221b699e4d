"""The HTTP API: every route of it."""

from typing import Any

from bursar.entrypoint import http_entrypoint
from bursar.settings import ServeApiSettings
from bursar.web.api.app import answer, build_api
from bursar.wiring import Ports

api = build_api()


@http_entrypoint(ServeApiSettings)
def handler(event: dict[str, Any], context: Any, ports: Ports) -> dict[str, Any]:
    return answer(api, event, context, ports)
