"""Who may let simulated time pass, and how far."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bursar.local.clock_control import PATH, BeyondTheEndError, ClockControl
from bursar.local.embedded.http_gateway import HttpRequest
from bursar.local.issuer import LocalIssuer

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
END = NOON + timedelta(days=4)


@pytest.fixture(scope="module")
def issuer(tmp_path_factory) -> LocalIssuer:
    return LocalIssuer("123456789012", tmp_path_factory.mktemp("issuer") / "key.pem")


def send(issuer: LocalIssuer, token: str, body: Any, method: str = "POST") -> tuple[int, Any]:
    def advance(by: timedelta) -> datetime:
        if NOON + by > END:
            raise BeyondTheEndError("there is no more")
        return NOON + by

    headers = {"authorization": f"Bearer {token}"} if token else {}
    request = HttpRequest(method, PATH, headers=headers, body=json.dumps(body).encode())
    told = ClockControl(issuer, advance).answer(request)
    return told.status, json.loads(told.body)


def test_time_passes_for_who_has_a_token_of_this_machine(issuer: LocalIssuer) -> None:
    token = issuer.token("viewer@example.com")
    three_days = {"advance_seconds": 72 * 3600}
    assert send(issuer, token, three_days) == (200, {"now": "2026-11-23T12:00:00+00:00"})


def test_nobody_else_lets_it_pass(issuer: LocalIssuer, tmp_path) -> None:
    foreign = LocalIssuer("123456789012", tmp_path / "key.pem").token("vp@example.com")
    for token in ("", "nonsense", foreign):
        assert send(issuer, token, {"advance_seconds": 60})[0] == 401


def test_it_goes_forward_only_and_to_the_end_of_the_scenario(issuer: LocalIssuer) -> None:
    token = issuer.token("vp@example.com")
    for wrong in (0, -60, "soon", 10**9, None):
        assert send(issuer, token, {"advance_seconds": wrong})[0] == 422
    assert send(issuer, token, {"advance_seconds": 5 * 24 * 3600})[0] == 409
    assert send(issuer, token, {"advance_seconds": 60}, "GET")[0] == 404
