"""A small HTTP server on the loopback interface, for AWS APIs that nothing else stands in for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[bytes], tuple[int, bytes]]


@contextmanager
def serving(answer: Answer, content_type: str = "application/x-amz-json-1.1") -> Iterator[str]:
    """Serve `answer(body) -> (status, body)` for every POST; gives the server's URL.

    A GET has no body: `answer` is given its path instead.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one packet: two wait 40 ms for each other

        def log_message(self, *_: object) -> None: ...

        def do_POST(self) -> None:
            self.say(*answer(self.rfile.read(int(self.headers.get("Content-Length") or 0))))

        def do_GET(self) -> None:
            self.say(*answer(self.path.encode()))

        def say(self, status: int, said: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
