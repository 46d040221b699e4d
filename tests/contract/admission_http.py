"""The API's handler behind a real HTTP server, for clients that only know a URL."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import SimpleNamespace
from typing import Any

from bursar.web.api.app import answer, build_api
from tests.contract.admission_books import AT, BUDGETS, Gate
from tests.unit.jobs.sample_config import config

GATEWAY = "arn:aws:sts::111122223333:assumed-role/gateway/session"
BATCH = "arn:aws:sts::111122223333:assumed-role/batch/session"
CONTEXT = SimpleNamespace(function_name="f", aws_request_id="1")


def ports_of(gate: Gate) -> Any:
    """A gateway that speaks for everybody, and a batch job that is one tenant's."""
    producers = [
        {
            "name": name,
            "role_arns": [f"arn:aws:iam::111122223333:role/{name}"],
            "tenants": tenants,
            "aliases": {"fast": {"model": "gpt-x"}},
        }
        for name, tenants in (("gateway", ["*"]), ("batch", ["ads"]))
    ]
    told = config(
        *(each.model_dump() for each in BUDGETS),
        usage={"producers": producers},
    )
    return SimpleNamespace(config=told, admission=gate.admission)


def call(
    ports: Any, route: str, body: Any = None, *, by: str = GATEWAY, at: datetime = AT
) -> tuple[int, Any, dict[str, str]]:
    """Status, JSON and headers."""
    method, path = route.split(" ")
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "http": {"method": method, "path": path},
            "requestId": "q-1",
            "stage": "$default",
            "timeEpoch": int(at.timestamp() * 1000),
            "authorizer": {"iam": {"userArn": by}} if by else {},
        },
        "body": body if isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
    }
    said = answer(build_api(), event, CONTEXT, ports)
    return said["statusCode"], json.loads(said["body"]), said["headers"]


@contextmanager
def serving(ports: Any, failures: list[int]) -> Iterator[str]:
    """The URL of a server, whose first answers are the failures; it serves one at a time."""
    one_at_a_time = Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            scheme, _, name = self.headers["Authorization"].partition(" ")
            by = base64.b64decode(name).decode() if scheme == "Bearer" else ""
            with one_at_a_time:
                status, said, headers = call(ports, f"POST {self.path}", body, by=by)
                if failures:
                    status, said = failures.pop(0), {}
            self.send_response(status)
            if "Retry-After" in headers:
                self.send_header("Retry-After", headers["Retry-After"])
            self.end_headers()
            self.wfile.write(json.dumps(said).encode())

        def log_message(self, *_: Any) -> None:
            """Tests print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
