"""The local issuer: PKCE is checked, and a code is redeemed once, soon, by its client."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from bursar.local.embedded.http_gateway import HttpAnswer, HttpRequest
from bursar.local.issuer import ISSUER, LocalIssuer
from bursar.local.sign_in import AT, LocalSignIn

URL = "http://127.0.0.1:8787"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-in-all"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode()[:43]
ASKED = {
    "response_type": "code",
    "client_id": "bursar",
    "redirect_uri": f"{URL}/signed-in",
    "scope": "openid email",
    "state": "s1",
    "nonce": "n1",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


class Browser:
    def __init__(self, issuer: LocalIssuer) -> None:
        self.now = 0.0
        self.sign_in = LocalSignIn(issuer, URL, lambda: self.now)

    def get(self, path: str, **asked: str) -> HttpAnswer:
        return self.sign_in.answer(HttpRequest("GET", f"{AT}{path}", urlencode(asked)))

    def choose(self, person: str = "manager@example.com", **asked: str) -> HttpAnswer:
        body = urlencode({**ASKED, **asked, "person": person}).encode()
        return self.sign_in.answer(HttpRequest("POST", f"{AT}/authorize", body=body))

    def code(self) -> str:
        told = urlsplit(self.choose().headers["location"])
        assert told._replace(query="").geturl() == f"{URL}/signed-in"
        assert parse_qs(told.query)["state"] == ["s1"]
        return parse_qs(told.query)["code"][0]

    def redeem(self, code: str, **told: str) -> tuple[int, Any]:
        body = {
            "grant_type": "authorization_code",
            "client_id": "bursar",
            "redirect_uri": f"{URL}/signed-in",
            "code": code,
            "code_verifier": VERIFIER,
            **told,
        }
        answer = self.sign_in.answer(
            HttpRequest("POST", f"{AT}/token", body=urlencode(body).encode())
        )
        return answer.status, json.loads(answer.body)


@pytest.fixture(scope="module")
def issuer(tmp_path_factory) -> LocalIssuer:
    return LocalIssuer("123456789012", tmp_path_factory.mktemp("issuer") / "key.pem")


@pytest.fixture
def browser(issuer: LocalIssuer) -> Browser:
    return Browser(issuer)


def test_who_is_chosen_gets_a_token_that_the_published_keys_verify(browser: Browser) -> None:
    status, told = browser.redeem(browser.code())
    keys = KeySet.import_key_set(json.loads(browser.get("/jwks.json").body))
    claims = jwt.decode(told["id_token"], keys, algorithms=["RS256"]).claims
    assert (status, claims["email"], claims["nonce"]) == (200, "manager@example.com", "n1")
    assert (claims["iss"], claims["aud"]) == (ISSUER, "bursar")


def test_no_private_part_of_the_key_is_published(browser: Browser) -> None:
    [key] = json.loads(browser.get("/jwks.json").body)["keys"]
    assert not key.keys() & {"d", "p", "q", "dp", "dq", "qi"}


def test_a_code_is_redeemed_once(browser: Browser) -> None:
    code = browser.code()
    assert browser.redeem(code)[0] == 200
    assert browser.redeem(code) == (400, {"error": "invalid_grant"})


def test_a_wrong_verifier_gets_nothing_and_spoils_the_code(browser: Browser) -> None:
    code = browser.code()
    assert browser.redeem(code, code_verifier=VERIFIER[::-1]) == (400, {"error": "invalid_grant"})
    assert browser.redeem(code)[0] == 400


def test_a_code_ends_after_a_minute(browser: Browser) -> None:
    code = browser.code()
    browser.now = 60.0
    assert browser.redeem(code)[0] == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"redirect_uri": "https://evil.example.com/signed-in"},
        {"redirect_uri": f"{URL}/signed-in/more"},
        {"client_id": "another"},
        {"response_type": "token"},
        {"code_challenge_method": "plain"},
        {"code_challenge": ""},
        {"scope": "email"},
    ],
)
def test_what_is_asked_wrongly_sends_nobody_anywhere(
    browser: Browser, wrong: dict[str, str]
) -> None:
    for answer in (browser.get("/authorize", **ASKED | wrong), browser.choose(**wrong)):
        assert answer.status == 400
        assert "location" not in answer.headers


def test_looking_at_the_page_makes_no_code_and_what_was_asked_is_text_in_it(
    browser: Browser,
) -> None:
    answer = browser.get("/authorize", **ASKED | {"state": '"><script>alert(1)</script>'})
    assert answer.status == 200
    assert b"<script" not in answer.body
    assert b"requester@example.com" in answer.body


def test_nobody_is_chosen_who_is_not_there(browser: Browser) -> None:
    assert browser.choose("mallory@example.com").status == 200  # asked again


def test_what_the_pages_are_told_is_what_discovery_says(browser: Browser) -> None:
    answer = browser.sign_in.answer(HttpRequest("GET", "/sign-in.json"))
    pages = json.loads(answer.body)
    found = json.loads(browser.get("/.well-known/openid-configuration").body)
    for name in ("issuer", "authorization_endpoint", "token_endpoint"):
        assert pages[name] == found[name]
