"""moto's server on a loopback port, made quick enough to run a month in a minute.

Out of the box moto answers a PutItem in about 9 ms here. Most of that is not DynamoDB: a new
connection per request, a directory listing per request to find the service, and a reflection
over every method of the service. What is replaced is put back on close.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import Any

from moto.core import responses
from moto.core.utils import method_names_from_class
from moto.dynamodb.models import DynamoDBBackend
from moto.moto_server import werkzeug_app
from werkzeug.serving import make_server

from bursar.local.embedded.replacements import replaced
from bursar.local.embedded.transactions import only_touched_items


class _KeepAliveHandler(werkzeug_app.MotoRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def handle_expect_100(self) -> bool:
        # botocore waits a second for this line before it sends an S3 body: do not buffer it,
        # and do not let werkzeug write it again
        del self.headers["Expect"]
        self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.wfile.flush()
        return True

    def log(self, *_args: Any) -> None:
        """Say nothing: a line per request costs more than the request tells."""


class _Dispatcher(werkzeug_app.DomainDispatcherApplication):
    """Finds the service of a host once; runs DynamoDB's calls one at a time.

    moto's conditional writes and transactions are atomic only if nothing runs beside them.
    """

    def __init__(self) -> None:
        super().__init__(werkzeug_app.create_backend_app)
        self._backend_of = lru_cache(super().get_backend_for_host)
        self._dynamodb = threading.RLock()

    def get_backend_for_host(self, host: str | None) -> Any:
        return self._backend_of(host)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        app = self.get_application(environ)
        if getattr(app, "service", None) == "dynamodb":
            with self._dynamodb:
                return app(environ, start_response)
        return app(environ, start_response)


@contextmanager
def serve_aws() -> Iterator[str]:
    """Serve moto from this process, empty at first; yields its URL."""
    from moto.moto_api._internal.models import moto_api_backend

    with ExitStack() as stack:
        for owner, name, value in (
            (werkzeug_app, "DISABLE_GLOBAL_CORS", True),
            (responses, "method_names_from_class", lru_cache(method_names_from_class)),
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
