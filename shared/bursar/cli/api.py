"""Calls to Bursar's API: of `bursar local serve` as an example person, or of a deployed one."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from bursar.cli.exits import Exit, leave

TOKEN_VARIABLE = "BURSAR_TOKEN"  # noqa: S105 a name
LOCAL_URL = "http://127.0.0.1:8787"
_LOOPBACK = {"127.0.0.1", "localhost"}
_LONGEST_SECONDS = 600  # a day of simulated time takes some seconds


def call(
    url: str, method: str, path: str, *, as_: str | None, body: Mapping[str, Any] | None = None
) -> Any:
    """What it answers, as JSON; a refusal ends the command with its reason."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {_token(url, as_)}", "Content-Type": "application/json"}
    request = urllib.request.Request(  # noqa: S310 _token refuses other schemes
        url.rstrip("/") + path, data, headers, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=_LONGEST_SECONDS) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        leave(Exit.WRONG_INPUT, [f"{error.code}: {_reason(error)}"])
    except OSError as error:
        leave(Exit.NO_PRICE, [f"{url} does not answer: {error}"])


def _token(url: str, as_: str | None) -> str:
    """A token of this machine goes no further than it, and one of a person not without TLS."""
    where = urlsplit(url)
    here = where.scheme == "http" and where.hostname in _LOOPBACK
    if as_ is None:
        if not here and where.scheme != "https":
            leave(Exit.WRONG_INPUT, [f"{url} is not https"])
        if token := os.environ.get(TOKEN_VARIABLE):
            return token
        leave(Exit.WRONG_INPUT, [f"name somebody --as, or put your ID token in {TOKEN_VARIABLE}"])
    if not here:
        leave(Exit.WRONG_INPUT, [f"--as is for this machine alone, not for {url}"])
    from bursar.local.issuer import LocalIssuer, UnknownPersonError

    try:
        return LocalIssuer("").token(as_)
    except UnknownPersonError as error:
        leave(Exit.WRONG_INPUT, [str(error.args[0])])


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["detail"])
    except (ValueError, KeyError, TypeError):  # of something before the API
        return str(error.reason)
