"""moto's server on a loopback port, made quick enough to run a month in a minute.

Two thirds of the time that moto takes to answer a PutItem is not DynamoDB's: a new connection
per request, a directory listing per request to find the service, and a reflection over every
method of the service. Calls for items do not come that way at all. What is replaced is put back
on close.
"""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from http.client import HTTPMessage
from typing import Any

from moto.core import responses
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.utils import method_names_from_class
from moto.dynamodb import responses as dynamodb_responses
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing import validators
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser  # type: ignore[attr-defined]
from moto.dynamodb.parsing.expressions import (  # type: ignore[attr-defined]
    UpdateExpressionParser,
)
from moto.moto_server import werkzeug_app
from werkzeug.serving import make_server

from bursar.local.embedded.dynamodb_calls import CONTENT_TYPE, ItemCall, PlainWhenWritten
from bursar.local.embedded.queries import Carriers, of_one_partition
from bursar.local.embedded.replacements import replaced
from bursar.local.embedded.transactions import only_touched_items
from bursar.local.embedded.update_expressions import copied, traverse
from bursar.local.embedded.values import cast_value, hash_of, is_same, make_item

_log = logging.getLogger(__name__)


class _KeepAliveHandler(werkzeug_app.MotoRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def handle_expect_100(self) -> bool:
        # botocore waits a second for this line before it sends an S3 body: do not buffer it
        self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.wfile.flush()
        return True

    def parse_request(self) -> bool:
        """As the standard library does, which reads headers with a parser made for mail."""
        words = self.raw_requestline.decode("iso-8859-1").split()
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return bool(super().parse_request())
        self.requestline = " ".join(words)
        self.command, self.path, self.request_version = words
        self.headers = HTTPMessage()
        while (line := self.rfile.readline().rstrip(b"\r\n")) != b"":
            name, _, value = line.decode("iso-8859-1").partition(":")
            self.headers[name] = value.strip()
        self.close_connection = self.headers.get("Connection", "").lower() == "close"
        if self.headers.get("Expect", "").lower() == "100-continue":
            return self.handle_expect_100()
        return True

    def run_wsgi(self) -> None:
        """Answer, and keep the connection: werkzeug closes it, and waits 10 ms to do so.

        The body is read whole before, and the answer sent whole after, so that the next request
        begins where this one ends.
        """
        target = self.headers.get("X-Amz-Target", "")
        if ItemCall.takes(target):
            self._answer_items(target)
            return
        environ = self.make_environ()
        if environ.get("HTTP_TRANSFER_ENCODING", "").lower() != "chunked":
            length = int(environ.get("CONTENT_LENGTH") or 0)
            environ["wsgi.input"] = io.BytesIO(self.rfile.read(length))
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_error: Any) -> Any:
            begun.append((status, headers))

        try:
            body = b"".join(self.server.app(environ, start_response))
            status, headers = begun[-1]
        except Exception as error:  # noqa: BLE001 - the server's edge: told to log and client
            _log.exception("%s %s", self.command, self.path)
            status, headers, body = "500 Internal Server Error", [], repr(error).encode()
        code, _, reason = status.partition(" ")
        self.send_response_only(int(code), reason)
        told = {name.lower() for name, _ in headers}
        for name, value in headers:
            self.send_header(name, value)
        if "content-length" not in told and code != "204":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _answer_items(self, target: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        authorization = self.headers.get("Authorization", "")
        app: Any = self.server.app
        status, answer = app.answer_items(target, authorization, body)
        self.send_response_only(status)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log(self, *_args: Any) -> None:
        """Say nothing: a line per request costs more than the request tells."""


class _NotEmbeddedError(LookupError):
    """A call for a service that moto lacks."""


class _Dispatcher(werkzeug_app.DomainDispatcherApplication):
    """Finds the service of a host once; runs DynamoDB's calls one at a time.

    moto's conditional writes and transactions are atomic only if nothing runs beside them.
    """

    def __init__(self) -> None:
        super().__init__(werkzeug_app.create_backend_app)
        self._backend_of = lru_cache(super().get_backend_for_host)
        self._dynamodb = threading.RLock()

    def get_backend_for_host(self, host: str | None) -> Any:
        backend = self._backend_of(host)
        if host is not None and backend is None:
            raise _NotEmbeddedError(host)
        return backend

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        try:
            app = self.get_application(environ)
        except _NotEmbeddedError as error:
            answer = {"__type": "UnknownOperationException", "message": f"{error} is not embedded"}
            # 400, which no client retries
            start_response("400 Bad Request", [("Content-Type", "application/x-amz-json-1.1")])
            return [json.dumps(answer).encode()]
        if getattr(app, "service", None) == "dynamodb":
            with self._dynamodb:
                return app(environ, start_response)
        return app(environ, start_response)

    def answer_items(self, target: str, authorization: str, body: bytes) -> tuple[int, bytes]:
        """A call that `ItemCall` takes."""
        with self._dynamodb:
            return ItemCall(target, authorization, body, DEFAULT_ACCOUNT_ID).answer()


@contextmanager
def serve_aws() -> Iterator[str]:
    """Serve moto from this process, empty at first; yields its URL."""
    from moto.moto_api._internal.models import moto_api_backend

    carriers = Carriers()
    with ExitStack() as stack:
        for owner, name, value in (
            (werkzeug_app, "DISABLE_GLOBAL_CORS", True),
            (responses, "method_names_from_class", lru_cache(method_names_from_class)),
            (dynamodb_responses, "DynamoResult", PlainWhenWritten),
            (Table, "query", of_one_partition(Table.query, carriers)),
            (DynamoType, "cast_value", cast_value(DynamoType.__dict__["cast_value"])),
            (DynamoType, "__eq__", is_same),
            (DynamoType, "__hash__", hash_of),
            (Item, "__init__", carriers.noting_made(make_item)),
            (DynamoDBBackend, "update_item", carriers.noting_updated(DynamoDBBackend.update_item)),
            (UpdateExpressionParser, "make", staticmethod(lru_cache(UpdateExpressionParser.make))),
            (validators, "deepcopy", copied),
            (DepthFirstTraverser, "traverse", traverse),
            (
                DynamoDBBackend,
                "transact_write_items",
                only_touched_items(DynamoDBBackend.transact_write_items),
            ),
        ):
            stack.enter_context(replaced(owner, name, value))
        moto_api_backend.reset()
        stack.callback(moto_api_backend.reset)
        server = make_server(
            "127.0.0.1", 0, _Dispatcher(), threaded=True, request_handler=_KeepAliveHandler
        )
        # an idle kept-alive connection must not hold the shutdown
        server.block_on_close = False  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        stack.callback(server.server_close)
        stack.callback(thread.join)
        stack.callback(server.shutdown)
        yield f"http://127.0.0.1:{server.server_address[1]}"
