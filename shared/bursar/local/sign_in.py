"""Signing in to the pages on this machine: a code flow whose issuer lets one choose who to be.

It stands for the issuer that the stack names, as the local key does. Everything is checked that
a real one would check: the client, the redirect, PKCE, and that a code is redeemed once, soon.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from bursar.local.embedded.http_gateway import HttpAnswer, HttpRequest, problem
from bursar.local.issuer import AUDIENCE, ISSUER, LIVES_SECONDS, PEOPLE, LocalIssuer

AT = "/bursar-local"  # where ISSUER is, on whatever port
CONFIGURATION = "/sign-in.json"
_SIGNED_IN = "/signed-in"
_CODE_LIVES_SECONDS = 60
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # of SHA-256
_STYLE = """:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 26em; margin: 12vh auto; padding: 0 16px; }
button { font: inherit; display: block; width: 100%; min-height: 44px; margin: 0 0 8px;
  text-align: left; padding: 8px 14px; cursor: pointer; }
"""
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Who are you? · Bursar on this machine</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="{style}"></head>
<body><main><h1>Who are you?</h1>
<p>These people are examples. In AWS, a user pool or your own issuer asks for a password here.</p>
<form method="post" action="{action}">{hidden}{buttons}</form></main></body></html>
"""


class _Grant(NamedTuple):
    email: str
    challenge: str
    nonce: str
    ends: float


class LocalSignIn:
    """Answers what the pages and an OIDC client ask an issuer for."""

    def __init__(
        self, issuer: LocalIssuer, url: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """`url` is where the pages are served: the only place that codes are sent to."""
        self._issuer, self._url, self._monotonic = issuer, url, monotonic
        self._grants: dict[str, _Grant] = {}
        self._lock = threading.Lock()

    def answers(self, path: str) -> bool:
        return path == CONFIGURATION or path.startswith(f"{AT}/")

    def answer(self, request: HttpRequest) -> HttpAnswer:
        match request.method, request.path.removeprefix(AT):
            case "GET", "/sign-in.json":
                return _json(200, self._configuration())
            case "GET", "/.well-known/openid-configuration":
                return _json(200, self._discovery())
            case "GET", "/jwks.json":
                return _json(200, self._issuer.public_keys())
            case "GET", "/style.css":
                return HttpAnswer(200, {"content-type": "text/css"}, _STYLE.encode())
            case "GET", "/authorize":
                return self._authorize(dict(parse_qsl(request.query)), "")
            case "POST", "/authorize":
                told = dict(parse_qsl(request.body.decode("utf-8", "replace")))
                return self._authorize(told, told.pop("person", ""))
            case "POST", "/token":
                return self._redeem(dict(parse_qsl(request.body.decode("utf-8", "replace"))))
        return problem(404, "the local issuer has no such page")

    def _configuration(self) -> Mapping[str, str]:
        return {
            "issuer": ISSUER,
            "client_id": AUDIENCE,
            "authorization_endpoint": f"{self._url}{AT}/authorize",
            "token_endpoint": f"{self._url}{AT}/token",
            "sign_out_url": "",
        }

    def _discovery(self) -> Mapping[str, object]:
        """OpenID Connect Discovery 1.0, section 3."""
        return {
            "issuer": ISSUER,
            "authorization_endpoint": f"{self._url}{AT}/authorize",
            "token_endpoint": f"{self._url}{AT}/token",
            "jwks_uri": f"{self._url}{AT}/jwks.json",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "scopes_supported": ["openid", "email"],
        }

    def _authorize(self, asked: Mapping[str, str], email: str) -> HttpAnswer:
        """Ask who it is; once somebody is chosen, send a code to the pages."""
        if fault := self._fault(asked):
            return problem(400, fault)  # and nobody is sent anywhere
        if email not in PEOPLE:
            return _chooser(asked)
        code = secrets.token_urlsafe(32)
        ends = self._monotonic() + _CODE_LIVES_SECONDS
        with self._lock:
            self._grants = {
                each: grant
                for each, grant in self._grants.items()
                if grant.ends > self._monotonic()
            }
            self._grants[code] = _Grant(
                email, asked["code_challenge"], asked.get("nonce", ""), ends
            )
        told = urlencode({"code": code, "state": asked.get("state", "")})
        return HttpAnswer(303, {"location": f"{asked['redirect_uri']}?{told}"}, b"")

    def _fault(self, asked: Mapping[str, str]) -> str:
        if asked.get("client_id") != AUDIENCE:
            return f"the client is not {AUDIENCE}"
        if asked.get("redirect_uri") != f"{self._url}{_SIGNED_IN}":
            return f"the redirect is not {self._url}{_SIGNED_IN}"
        if asked.get("response_type") != "code" or "openid" not in asked.get("scope", "").split():
            return "only response_type=code with the scope openid is answered"
        if asked.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(
            asked.get("code_challenge", "")
        ):
            return "PKCE with S256 is needed"
        return ""

    def _redeem(self, told: Mapping[str, str]) -> HttpAnswer:
        """A code is gone with the first try, whoever tries: RFC 6749, section 4.1.2."""
        with self._lock:
            grant = self._grants.pop(told.get("code", ""), None)
        of_us = (
            told.get("grant_type") == "authorization_code"
            and told.get("client_id") == AUDIENCE
            and told.get("redirect_uri") == f"{self._url}{_SIGNED_IN}"
        )
        if not of_us:
            return _json(400, {"error": "invalid_request"})
        shown = _challenge_of(told.get("code_verifier", ""))
        if (
            grant is None
            or self._monotonic() >= grant.ends
            or not hmac.compare_digest(shown, grant.challenge)
        ):
            return _json(400, {"error": "invalid_grant"})
        token = self._issuer.token(grant.email, nonce=grant.nonce)
        return _json(
            200,
            {
                "id_token": token,
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": LIVES_SECONDS,
            },
        )


def _challenge_of(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode("utf-8", "replace")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _chooser(asked: Mapping[str, str]) -> HttpAnswer:
    hidden = "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
        for name, value in asked.items()
    )
    buttons = "".join(f'<button name="person" value="{each}">{each}</button>' for each in PEOPLE)
    page = _PAGE.format(
        style=f"{AT}/style.css", action=f"{AT}/authorize", hidden=hidden, buttons=buttons
    )
    headers = {
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; style-src 'self'; form-action 'self';"
        " frame-ancestors 'none'; base-uri 'none'",
        "referrer-policy": "no-referrer",
    }
    return HttpAnswer(200, headers, page.encode())


def _json(status: int, told: Mapping[str, object]) -> HttpAnswer:
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    return HttpAnswer(status, headers, json.dumps(told).encode())
