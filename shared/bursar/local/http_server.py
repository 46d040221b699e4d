"""One loopback port: the report, the issuer, and API and pages as the template routes them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bursar.local.clock_control import PATH, ClockControl
from bursar.local.embedded.http_gateway import HttpAnswer, HttpGateway, HttpRequest, problem
from bursar.local.sign_in import LocalSignIn

_LONGEST_BODY_BYTES = 10_000_000  # as API Gateway has it

Answer = Callable[[HttpRequest], HttpAnswer]
Pages = Mapping[str, tuple[str, bytes]]  # path -> content type, body


class NewestPages:
    """The newest pages, while the next ones are being made."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: Pages = {}

    def put(self, pages: Pages) -> None:
        with self._lock:
            self._pages = pages

    def get(self, path: str) -> tuple[str, bytes] | None:
        with self._lock:
            return self._pages.get(path)


class _Server(ThreadingHTTPServer):
    request_queue_size = 1024  # that knock at once: the standard library's 5 resets the others
    daemon_threads = True


def listen(port: int) -> ThreadingHTTPServer:
    """Take a loopback port, 0 for any; who asks before there is an answer waits for it.

    Raises:
        OSError: the port is taken.
    """
    return _Server(("127.0.0.1", port), BaseHTTPRequestHandler)


def answering(
    reports: NewestPages,
    gateway: HttpGateway,
    clock: ClockControl,
    sign_in: LocalSignIn,
    one_at_a_time: threading.Lock,
) -> Answer:
    """What answers a request; the cloud takes one thing at a time, a request or a step of time.

    The reports stand before the pages of the template, and the local issuer for the stack's.
    """

    def answer(request: HttpRequest) -> HttpAnswer:
        if request.method == "GET" and (found := reports.get(request.path)):
            kind, body = found
            return HttpAnswer(200, {"content-type": kind, "cache-control": "no-store"}, body)
        if sign_in.answers(request.path):
            return sign_in.answer(request)
        with one_at_a_time:
            return clock.answer(request) if request.path == PATH else gateway.answer(request)

    return answer


def handler(answer: Answer) -> type[BaseHTTPRequestHandler]:
    """Speaks HTTP for what answers."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __getattr__(self, name: str) -> Callable[[], None]:
            """Every method is answered by what is asked, `do_GET` as `do_TRACE`."""
            if not name.startswith("do_"):
                raise AttributeError(name)
            return self._answer

        def _answer(self) -> None:
            given = _read(self)
            self.close_connection |= given is None
            told = answer(given) if given else problem(413, "the body is longer than 10 MB")
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(told.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(told.body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the terminal shows the guard's own progress."""

    return Handler


def _read(from_: BaseHTTPRequestHandler) -> HttpRequest | None:
    """The request; None when its body is too long, or of no known length."""
    length = from_.headers.get("Content-Length", "0")
    if not length.isdecimal() or int(length) > _LONGEST_BODY_BYTES:
        return None
    path, _, query = from_.path.partition("?")
    return HttpRequest(
        method=from_.command,
        path=path,
        query=query,
        headers={name.lower(): value for name, value in from_.headers.items()},
        body=from_.rfile.read(int(length)),
    )
