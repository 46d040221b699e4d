"""AWS services that moto lacks: AWS JSON 1.1 over loopback, answered by Python functions."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

Operation = Callable[[dict[str, Any]], dict[str, Any]]


class ServiceError(Exception):
    """An operation refuses a request, with the code and status that AWS would give."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class JsonRpcServer:
    """Serves operations by the last part of X-Amz-Target: for AWS_ENDPOINT_URL_<SERVICE>."""

    def __init__(self, operations: Mapping[str, Operation]) -> None:
        self._operations = operations
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._server = _Server(self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @contextmanager
    def disturbed(self, operation: Operation) -> Iterator[None]:
        """Answer everything with this instead: a service that is down, or talks nonsense."""
        operations, self._operations = (
            self._operations,
            dict.fromkeys(self._operations, operation),
        )
        try:
            yield
        finally:
            self._operations = operations

    def answer(self, target: str, body: bytes) -> tuple[int, dict[str, Any]]:
        name = target.rpartition(".")[2]
        if name not in self._operations:
            return 400, {"__type": "UnknownOperationException", "message": name}
        request = json.loads(body or b"{}")
        self.calls.append((name, request))
        try:
            return 200, self._operations[name](request)
        except ServiceError as error:
            return error.status, {"__type": error.code, "message": str(error)}


class _Server(ThreadingHTTPServer):
    block_on_close = False

    def __init__(self, owner: JsonRpcServer) -> None:
        self.owner = owner
        super().__init__(("127.0.0.1", 0), _Connection)


class _Connection(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, answer = self.server.owner.answer(self.headers.get("X-Amz-Target", ""), body)
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
