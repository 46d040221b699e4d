"""`bursar local serve`: the demo's guard goes on living, and shows its report on loopback."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bursar.config import Config
from bursar.domain.cost_report import CostReport
from bursar.local.demo import WHOLE, DemoLength, open_demo

_STEP = timedelta(hours=1)
_GOES_ON = timedelta(days=6)  # the scenario reaches a week beyond its end
_SECONDS_PER_STEP = 10.0  # an hour of the simulated clock


Pages = Mapping[str, tuple[str, bytes]]  # path -> content type, body
Render = Callable[[CostReport], Pages]


class _Newest:
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


def listen(port: int) -> ThreadingHTTPServer:
    """Take a loopback port, 0 for any; who asks before there is an answer waits for it.

    Raises:
        OSError: the port is taken.
    """
    server = ThreadingHTTPServer(("127.0.0.1", port), BaseHTTPRequestHandler)
    server.daemon_threads = True
    return server


def serve_demo(
    config: Config,
    assembly: Path,
    work: Path,
    server: ThreadingHTTPServer,
    render: Render,
    tell: Callable[[str], None],
    length: DemoLength = WHOLE,
) -> None:
    """Run until interrupted. Prints `ready URL` on a line of its own once the page is there."""
    try:
        with open_demo(config, assembly, work, tell, length) as demo:
            demo.go_on(demo.now + length.live, tell)
            pages = _Newest()
            pages.put(render(demo.report()))
            server.RequestHandlerClass = _handler(pages)
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            sys.stdout.write(f"ready http://127.0.0.1:{server.server_address[1]}\n")
            sys.stdout.flush()
            while demo.now < demo.scenario.end + _GOES_ON:
                time.sleep(_SECONDS_PER_STEP)
                demo.go_on(demo.now + _STEP, lambda _: None)
                pages.put(render(demo.report()))
            tell("the scenario has ended; the report stays until you stop this")
            thread.join()
    finally:
        server.server_close()


def _handler(pages: _Newest) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = pages.get(self.path.partition("?")[0])
            kind, body = found or ("text/plain", b"not found\n")
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the terminal shows the guard's own progress."""

    return Handler
