"""Calls to `bursar local serve`, as one of the example people."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from bursar.cli.exits import Exit, leave

_LOOPBACK = {"127.0.0.1", "localhost"}
_LONGEST_SECONDS = 600  # a day of simulated time takes some seconds


def call(url: str, method: str, path: str, *, as_: str, **body: Any) -> Any:
    """What it answers, as JSON; a refusal ends the command with its reason."""
    if urlsplit(url).scheme != "http" or urlsplit(url).hostname not in _LOOPBACK:
        leave(Exit.WRONG_INPUT, [f"{url} is not on this machine: the token is for it alone"])
    from bursar.local.issuer import LocalIssuer, UnknownPersonError

    try:
        token = LocalIssuer("123456789012").token(as_)
    except UnknownPersonError as error:
        leave(Exit.WRONG_INPUT, [str(error.args[0])])
    data = json.dumps(body).encode() if body else None
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(url.rstrip("/") + path, data, headers, method=method)  # noqa: S310 loopback
    try:
        with urllib.request.urlopen(request, timeout=_LONGEST_SECONDS) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        told = json.load(error)
        leave(Exit.WRONG_INPUT, [f"{error.code}: {told.get('detail', error.reason)}"])
    except OSError as error:
        leave(Exit.WRONG_INPUT, [f"{url} does not answer ({error}): run `bursar local serve`"])
