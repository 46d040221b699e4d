"""A loopback server that stands for Slack, and requests signed as Slack signs them.

It answers chat.postMessage as Slack documents: `{"ok": true, "channel", "ts"}`, or
`{"ok": false, "error"}` with 200; an address to answer at says `ok` in plain text.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3
from slack_sdk.signature import SignatureVerifier

from bursar.adapters.slack import SlackChat

_CLICKS = count(1)
TEAM, CHANNEL = "T0EXAMPLE", "C0APPROVALS"
SECRET, TOKEN = "8f742231b10e8888abcd99yyyzzz85a5", "xoxb-not-a-token"
REPLY_TO = "https://hooks.slack.com/actions/T0EXAMPLE/1/abc"


class Workspace:
    """What was posted, and what was answered where; `error` is what the next post is told."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.posted: list[dict[str, Any]] = []
        self.replies: list[tuple[str, dict[str, Any]]] = []
        self.tokens: set[str] = set()
        self.error = ""
        self.reply_status = 200

    def chat(self, **more: Any) -> SlackChat:
        pool = _Redirected(self.url)
        api = f"{self.url}/api/"
        return SlackChat(CHANNEL, lambda: TOKEN, api_url=api, pool=pool, **more)

    def take(self, path: str, headers: Any, body: bytes) -> tuple[int, bytes]:
        if path == "/api/chat.postMessage":
            self.tokens.add(headers["Authorization"])
            if self.error:
                return 200, json.dumps({"ok": False, "error": self.error}).encode()
            self.posted.append(json.loads(body))
            return 200, json.dumps({"ok": True, "channel": CHANNEL, "ts": "1.2"}).encode()
        self.replies.append((path, json.loads(body)))
        return self.reply_status, b"ok"

    @property
    def told(self) -> str:
        """The last answer that somebody was given."""
        return str(self.replies[-1][1]["text"])


class _Redirected(urllib3.PoolManager):
    """DNS and TLS, as far as a test has them: hooks.slack.com is the loopback server."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def urlopen(self, method: str, url: str, redirect: bool = True, **more: Any) -> Any:
        where = urlsplit(url)
        assert (where.scheme, where.netloc) == ("https", "hooks.slack.com")
        return super().urlopen(method, self._url + where.path, redirect, **more)


@contextmanager
def workspace() -> Iterator[Workspace]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, told = slack.take(self.path, self.headers, body)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", f"{slack.url}/elsewhere")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: Any) -> None:
            """Tests print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    slack = Workspace(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield slack
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def clicked(message: dict[str, Any], choice: str, by: str, /, **more: Any) -> str:
    """The body of the request for a click on a message's button."""
    [actions] = [block for block in message["blocks"] if block["type"] == "actions"]
    [button] = [each for each in actions["elements"] if each["action_id"] == choice]
    payload = {
        "type": "block_actions",
        "team": {"id": TEAM, "domain": "example"},
        "user": {"id": by, "username": "somebody", "team_id": TEAM},
        "api_app_id": "A0EXAMPLE",
        "container": {"type": "message", "channel_id": CHANNEL},
        "trigger_id": "1.2.3",
        "response_url": REPLY_TO,
        "actions": [
            {
                "type": "button",
                "block_id": "b",
                "action_id": choice,
                "value": button["value"],
                "action_ts": f"1795176000.{next(_CLICKS)}",
            }
        ],
    }
    return urlencode({"payload": json.dumps(payload | more)})


def signed(body: str, at: datetime, secret: str = SECRET) -> dict[str, str]:
    """The headers with which Slack sends it."""
    seconds = str(int(at.timestamp()))
    signature = SignatureVerifier(secret).generate_signature(timestamp=seconds, body=body)
    assert signature is not None
    return {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": seconds,
        "x-slack-signature": signature,
    }
