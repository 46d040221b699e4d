"""The pages' shell: open, the same for everybody, and closed to what is not ours."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import Any

import pytest

from bursar.settings import HasTable, ServeApiSettings
from bursar.web.api.app import answer, build_api
from bursar.web.api.pages import SHELL, pages
from bursar.wiring.pages import PagesPorts, SignIn
from infra.constructs.http_api import PAGES

COGNITO = SignIn(
    issuer="https://cognito-idp.eu-west-1.amazonaws.com/pool",
    client="client",
    authorize_url="https://people.example.com/oauth2/authorize",
    token_url="https://people.example.com/oauth2/token",
    sign_out_url="https://people.example.com/logout?client_id=client",
)


def get(path: str, sign_in: SignIn = COGNITO, method: str = "GET") -> dict[str, Any]:
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "headers": {},
        "requestContext": {
            "http": {"method": method, "path": path},
            "stage": "$default",
            "requestId": "1",
            "timeEpoch": 1_764_000_000_000,
        },
        "isBase64Encoded": False,
    }
    return answer(build_api(), event, None, SimpleNamespace(sign_in=sign_in))


def policy(headers: dict[str, str]) -> dict[str, list[str]]:
    parts = (part.split() for part in headers["Content-Security-Policy"].split(";"))
    return {name: sources for name, *sources in parts}


@pytest.mark.parametrize("path", SHELL)
def test_every_page_is_the_same_shell_whoever_asks(path: str) -> None:
    told = get(path.replace("<exception_id>", "01ABC"))
    assert told["statusCode"] == 200
    assert told["body"] == pages().shell
    assert told["headers"]["Cache-Control"] == "no-cache"


def test_only_our_own_files_run_and_only_the_issuer_and_we_are_spoken_to() -> None:
    allowed = policy(get("/approvals")["headers"])
    assert allowed["default-src"] == ["'none'"]
    assert allowed["script-src"] == allowed["style-src"] == ["'self'"]
    assert allowed["connect-src"] == ["'self'", COGNITO.token_url]
    assert allowed["frame-ancestors"] == allowed["base-uri"] == ["'none'"]
    assert allowed["form-action"] == ["'none'"]
    assert policy(get("/", SignIn())["headers"])["connect-src"] == ["'self'"]


def test_browsers_are_told_to_keep_to_what_we_say() -> None:
    for path in ("/", f"/assets/{pages().version}/main.js"):
        headers = get(path)["headers"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Strict-Transport-Security"].startswith("max-age=")


def test_assets_are_kept_for_good_under_a_name_that_changes_with_them() -> None:
    told = get(f"/assets/{pages().version}/style.css")
    assert told["headers"]["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in told["headers"]["Cache-Control"]
    assert pages().shell.count(f"/assets/{pages().version}/") == 3


@pytest.mark.parametrize(
    "path", ["0/style.css", "{v}/index.html", "{v}/..%2fapi%2fapp.py", "{v}/nothing.js"]
)
def test_nothing_else_is_an_asset(path: str) -> None:
    assert get("/assets/" + path.replace("{v}", pages().version))["statusCode"] == 404


def test_the_shell_holds_no_inline_script_or_style_and_loads_nothing_from_elsewhere() -> None:
    shell = pages().shell
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|https?://", shell)


def test_what_people_wrote_is_never_read_as_markup() -> None:
    modules = {name: text for name, text in pages().assets.items() if name.endswith(".js")}
    assert len(modules) >= 9
    sinks = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.srcdoc"
    )
    assert [name for name, text in modules.items() if re.search(sinks, text)] == []


def test_where_to_sign_in_is_told_to_anybody() -> None:
    told = get("/sign-in.json")
    assert json.loads(told["body"]) == {
        "issuer": COGNITO.issuer,
        "client_id": "client",
        "authorization_endpoint": COGNITO.authorize_url,
        "token_endpoint": COGNITO.token_url,
        "sign_out_url": COGNITO.sign_out_url,
    }


def test_it_is_told_by_the_settings_of_the_function() -> None:
    ports = PagesPorts()
    ports._settings = ServeApiSettings(
        table_name="t",
        usage_bucket="u",
        pages_url="https://bursar.example.com",
        sign_in_issuer="i",
        sign_in_client="c",
        sign_in_authorize_url="a",
        sign_in_token_url="b",
        sign_out_url="o",
    )
    assert ports.sign_in == SignIn("i", "c", "a", "b", "o")
    assert ports.pages_url == "https://bursar.example.com"
    other = PagesPorts()
    other._settings = HasTable(table_name="t")
    assert (other.pages_url, other.sign_in) == ("", SignIn())


def test_what_is_served_is_what_is_deployed() -> None:
    served = {re.sub(r"<[^>]*>", "{}", f"GET {path}") for path in SHELL}
    served |= {"GET /sign-in.json", "GET /assets/{}/{}"}
    assert served == {re.sub(r"{[^}]*}", "{}", route) for route in PAGES}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_pages_are_only_looked_at(method: str) -> None:
    assert get("/approvals", method=method)["statusCode"] in (404, 405)
