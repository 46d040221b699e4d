"""A Kubernetes API on loopback that behaves as the real one does, for tests and the demo.

Paged lists with opaque continue tokens, gzip, bearer tokens, and the refusals that a reader
must survive: 401, 403, 404, 410 and 429, each with Kubernetes' own Status body. What can be
written is in `KubernetesObjects`.
"""

from __future__ import annotations

import base64
import json
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import msgspec

from bursar.local.kubernetes_objects import Call, KubernetesObjects, RefusedError

METRICS = "metrics"  # the plural under which pod metrics are asked of `objects`
_KINDS = {
    "/api/v1/nodes": ("nodes", "Node"),
    "/api/v1/pods": ("pods", "Pod"),
    "/api/v1/persistentvolumes": ("persistentvolumes", "PersistentVolume"),
    "/api/v1/persistentvolumeclaims": ("persistentvolumeclaims", "PersistentVolumeClaim"),
    "/api/v1/services": ("services", "Service"),
    "/api/v1/namespaces": ("namespaces", "Namespace"),
    "/apis/storage.k8s.io/v1/storageclasses": ("storageclasses", "StorageClass"),
    "/apis/metrics.k8s.io/v1beta1/pods": (METRICS, "PodMetrics"),
}
_GZIP_FROM_BYTES = 128 * 1024  # as the real server
_GZIP_LEVEL = 1
_GZIP_WINDOW = 31
_LISTS_REMEMBERED = 32


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer other than a list."""

    status: int
    reason: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.status,
        }


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as the handler saw it: what tests may look at afterwards."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    method: str = "GET"
    body: bytes = b""


class KubernetesServer:
    """Serves what `objects` answers for a plural, such as `pods`; LookupError means 404.

    `objects` is asked once for each list: its later pages come from what it answered then.
    """

    def __init__(
        self,
        objects: Callable[[str], Sequence[dict[str, Any]]],
        token_ok: Callable[[str], bool],
        *,
        git_version: str = "v1.33.3-eks-ace6451",
        gzip_from_bytes: int = _GZIP_FROM_BYTES,
        port: int = 0,
        stored: KubernetesObjects | None = None,
    ) -> None:
        """`stored` are the objects that can be written; without them nothing can."""
        self._objects = objects
        self._stored = stored
        self._token_ok = token_ok
        self._git_version = git_version
        self._lock = threading.Lock()
        self._lists: dict[str, Sequence[dict[str, Any]]] = {}
        self._lists_started = 0
        self._throttled: list[str | None] = []
        self._forbidden: frozenset[str] = frozenset()
        self.gzip_from_bytes = gzip_from_bytes
        self.asked: list[Asked] = []
        self._port = port
        self._http: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen; after a stop, again where it did before."""
        self._http = ThreadingHTTPServer(("127.0.0.1", self._port), _handler(self))
        self._http.daemon_threads = True
        self._port = self._http.server_port
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Refuse connections from now on."""
        if self._http is None or self._thread is None:
            return
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        self._http = self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def expire_tokens(self) -> None:
        """Forget every list that has begun, as a compaction does: its next page is a 410."""
        with self._lock:
            self._lists.clear()

    def throttle(self, requests: int, retry_after_seconds: int | None = 1) -> None:
        """Answer 429 to the next requests; None leaves Retry-After out."""
        said = None if retry_after_seconds is None else str(retry_after_seconds)
        with self._lock:
            self._throttled = [said] * requests

    def forbid(self, *plurals: str) -> None:
        """Answer 403 to these lists from now on, and to no others."""
        self._forbidden = frozenset(plurals)

    def answer(self, asked: Asked) -> dict[str, Any] | Refusal:
        """The whole API: what one request gets."""
        with self._lock:
            self.asked.append(asked)
            throttled = self._throttled.pop() if self._throttled else ""
        if throttled != "":
            headers = {"Retry-After": throttled} if throttled else {}
            return Refusal(429, "TooManyRequests", "too many requests, try again later", headers)
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not self._token_ok(token):
            return Refusal(401, "Unauthorized", "Unauthorized")
        if asked.path == "/version":
            return self._version()
        if asked.method != "GET" or asked.path not in _KINDS:
            return self._answer_stored(asked)
        plural, kind = _KINDS[asked.path]
        if plural in self._forbidden:
            return Refusal(403, "Forbidden", f'{plural} is forbidden: cannot list "{plural}"')
        return self._page(plural, kind, asked)

    def _answer_stored(self, asked: Asked) -> dict[str, Any] | Refusal:
        if self._stored is None:
            return _not_found()
        content_type = asked.headers.get("content-type", "")
        try:
            return self._stored.answer(
                Call(asked.method, asked.path, asked.query, content_type, asked.body)
            )
        except RefusedError as error:
            return Refusal(error.status, error.reason, error.message)

    def _version(self) -> dict[str, Any]:
        major, minor, *_ = self._git_version.removeprefix("v").split(".")
        return {"major": major, "minor": minor, "gitVersion": self._git_version}

    def _page(self, plural: str, kind: str, asked: Asked) -> dict[str, Any] | Refusal:
        limit = int(asked.query.get("limit") or 0)
        if asked.query.get("resourceVersion") == "0" or plural == METRICS:
            limit = 0  # the real servers ignore it here too
        token = asked.query.get("continue", "")
        try:
            items, name, start = self._resume(token) if token else self._begin(plural)
        except LookupError:
            if token:
                return Refusal(
                    410, "Expired", "The provided continue parameter is too old to display"
                )
            return _not_found()
        metadata: dict[str, Any] = {"resourceVersion": "21671"}
        end = start + limit if limit else len(items)
        if end < len(items):
            with self._lock:
                self._lists[name] = items
                while len(self._lists) > _LISTS_REMEMBERED:
                    del self._lists[next(iter(self._lists))]
            metadata["continue"] = _token(name, end)
            metadata["remainingItemCount"] = len(items) - end
        group = asked.path.removeprefix("/apis/").rpartition("/")[0]
        return {
            "kind": f"{kind}List",
            "apiVersion": "v1" if asked.path.startswith("/api/") else group,
            "metadata": metadata,
            "items": items[start:end],
        }

    def _begin(self, plural: str) -> tuple[Sequence[dict[str, Any]], str, int]:
        items = self._objects(plural)
        with self._lock:
            self._lists_started += 1
            return items, f"{plural}-{self._lists_started}", 0

    def _resume(self, token: str) -> tuple[Sequence[dict[str, Any]], str, int]:
        try:
            name, start = json.loads(base64.urlsafe_b64decode(token))
        except ValueError:
            raise LookupError(token) from None
        with self._lock:
            return self._lists[name], name, start


def _token(name: str, start: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([name, start]).encode()).decode()


def _not_found() -> Refusal:
    return Refusal(404, "NotFound", "the server could not find the requested resource")


def _handler(server: KubernetesServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # headers and body leave together

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            answer = server.answer(Asked(url.path, query, headers, self.command, body))
            if isinstance(answer, Refusal):
                self._send(answer.status, answer.body(), answer.headers)
            else:
                made = HTTPStatus.CREATED if self.command == "POST" else HTTPStatus.OK
                self._send(made, answer, {})

        def _send(self, status: int, value: dict[str, Any], headers: Mapping[str, str]) -> None:
            body = msgspec.json.encode(value)
            self.send_response(status)
            for name, text in headers.items():
                self.send_header(name, text)
            accepted = self.headers.get("Accept-Encoding", "")
            if "gzip" in accepted and len(body) >= server.gzip_from_bytes:
                body = zlib.compress(body, _GZIP_LEVEL, _GZIP_WINDOW)
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet: a test or the demo has its own output."""

    for method in ("POST", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.do_GET)
    return Handler
