"""The pages: one public shell of HTML, CSS and modules, and how it signs people in.

The shell holds nothing of anybody. What it shows it asks the API for, as whoever has signed in.
Assets are named by the hash of them all, so that a browser keeps them and never mixes two
deployments.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from bursar.web.api.problems import ProblemError, answer_json
from bursar.wiring import Ports

SHELL = (
    "/",
    "/exceptions",
    "/exceptions/new",
    "/exceptions/<exception_id>",
    "/approvals",
    "/audit",
    "/signed-in",
)
_FOLDER = Path(__file__).resolve().parents[1] / "pages"
_INDEX = "index.html"
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=63072000",  # a browser hears it over TLS only
}
_KEPT_FOR_A_YEAR = "public, max-age=31536000, immutable"

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call] # powertools has no hint here


class Pages(NamedTuple):
    """The shell, its assets by name, and the version that names them."""

    shell: str
    assets: Mapping[str, str]
    version: str


@cache
def pages() -> Pages:
    """Read once a process."""
    files = {path.name: path.read_text("utf-8") for path in sorted(_FOLDER.iterdir())}
    text = "\0".join(part for pair in files.items() for part in pair)
    version = hashlib.sha256(text.encode()).hexdigest()[:16]
    shell = files.pop(_INDEX).replace("{version}", version)
    return Pages(shell, files, version)


def get_shell(**_: str) -> Response[str]:
    """The same for every page: a module in it looks at the address."""
    ports: Ports = router.context["ports"]
    headers = {
        **_ALWAYS,
        "Cache-Control": "no-cache",
        "Content-Security-Policy": content_security_policy(ports.sign_in.token_url),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
        "X-Frame-Options": "DENY",
    }
    return Response(HTTPStatus.OK.value, "text/html; charset=utf-8", pages().shell, headers)


for _path in SHELL:
    router.get(_path)(get_shell)


@router.get("/assets/<version>/<file>")
def get_asset(version: str, file: str) -> Response[str]:
    """404 for those of another deployment: the shell, which is never kept, names the present."""
    found = pages()
    if version != found.version or file not in found.assets:
        raise ProblemError(HTTPStatus.NOT_FOUND, "there is no such file in this version")
    kind = _KINDS[Path(file).suffix]
    headers = {**_ALWAYS, "Cache-Control": _KEPT_FOR_A_YEAR}
    return Response(HTTPStatus.OK.value, kind, found.assets[file], headers)


@router.get("/sign-in.json")
def get_sign_in() -> Response[str]:
    """Where people sign in, and as whose client: what any of their browsers would show."""
    ports: Ports = router.context["ports"]
    at = ports.sign_in
    told = {
        "issuer": at.issuer,
        "client_id": at.client,
        "authorization_endpoint": at.authorize_url,
        "token_endpoint": at.token_url,
        "sign_out_url": at.sign_out_url,
    }
    return answer_json(HTTPStatus.OK, told)


def content_security_policy(token_url: str) -> str:
    """Our own files, our own API, the issuer's token endpoint, and nothing else."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            f"connect-src 'self' {token_url}".rstrip(),
            "form-action 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )
