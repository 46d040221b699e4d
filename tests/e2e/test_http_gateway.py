"""The HTTP API on this machine takes its routes, and who may call them, from the template."""

import importlib.util
import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bursar.local.embedded.cloud import EmbeddedCloud
from bursar.local.embedded.http_gateway import HttpGateway, HttpRequest
from bursar.local.issuer import LocalIssuer, UnknownPersonError

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ACCOUNT = "123456789012"
YESTERDAY = 24 * 3600


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    return LocalIssuer(ACCOUNT, tmp_path_factory.mktemp("issuer") / "key.pem")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, issuer):
    spec = importlib.util.spec_from_file_location(
        "small_assembly", Path(__file__).with_name("small_assembly.py")
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assembly = module.write(tmp_path_factory.mktemp("assembly") / "small")
    with EmbeddedCloud(now=NOON) as cloud:
        cloud.deploy(assembly)
        yield HttpGateway(cloud, issuer.authorize)


def call(gateway, method, path, token="", body=b"", **headers):
    sent = {"authorization": f"Bearer {token}"} if token else {}
    return gateway.answer(HttpRequest(method, path, headers=sent | headers, body=body))


def test_an_open_route_is_answered_with_the_event_that_lambda_would_get(gateway):
    request = HttpRequest("GET", "/v1/open/a%2Fb", "x=1&x=2&y=", {"user-agent": "curl"})
    answer = gateway.answer(request)
    event = json.loads(answer.body)
    assert (answer.status, answer.headers["x-seen"]) == (201, "yes")
    assert event["pathParameters"] == {"name": "a/b"}
    assert event["queryStringParameters"] == {"x": "1,2", "y": ""}
    assert event["requestContext"]["timeEpoch"] == NOON.timestamp() * 1000
    assert "authorizer" not in event["requestContext"]


def test_a_machine_is_known_by_its_role_and_its_token_goes_no_further(gateway, issuer):
    answer = call(gateway, "POST", "/v1/usage", issuer.token("gateway@example.com"), b"{}")
    event = json.loads(answer.body)
    assert event["requestContext"]["authorizer"]["iam"]["userArn"] == (
        f"arn:aws:sts::{ACCOUNT}:assumed-role/llm-gateway/local"
    )
    assert "authorization" not in event["headers"]
    assert (event["body"], event["isBase64Encoded"]) == ("{}", False)


def test_a_person_is_known_by_the_claims_of_their_token(gateway, issuer):
    answer = call(gateway, "GET", "/v1/me", issuer.token("manager@example.com"))
    claims = json.loads(answer.body)["requestContext"]["authorizer"]["jwt"]["claims"]
    assert (claims["email"], claims["email_verified"]) == ("manager@example.com", "true")


def test_a_person_may_not_call_what_is_for_machines(gateway, issuer):
    answer = call(gateway, "POST", "/v1/usage", issuer.token("manager@example.com"))
    assert (answer.status, answer.headers["content-type"]) == (403, "application/problem+json")


def test_no_token_a_foreign_one_and_an_old_one_are_refused(gateway, issuer, tmp_path):
    foreign = LocalIssuer(ACCOUNT, tmp_path / "other.pem").token("gateway@example.com")
    old = issuer.token("gateway@example.com", now=time.time() - YESTERDAY)
    for token in ("", "nonsense", foreign, old):
        assert call(gateway, "POST", "/v1/usage", token).status == 401


def test_an_unknown_path_or_method_is_not_found(gateway, issuer):
    token = issuer.token("gateway@example.com")
    assert call(gateway, "POST", "/v2/usage", token).status == 404
    wrong = call(gateway, "GET", "/v1/usage", token)
    assert (wrong.status, wrong.headers["allow"]) == (405, "POST")


def test_bytes_that_are_no_text_come_in_base64(gateway, issuer):
    token = issuer.token("gateway@example.com")
    answer = call(gateway, "POST", "/v1/usage", token, b"\xff\x00")
    event = json.loads(answer.body)
    assert (event["body"], event["isBase64Encoded"]) == ("/wA=", True)


def test_a_token_is_made_for_the_example_people_only(issuer):
    with pytest.raises(UnknownPersonError, match=r"gateway@example\.com"):
        issuer.token("mallory@example.com")


def test_two_processes_share_one_key_that_only_its_owner_reads(tmp_path):
    key = tmp_path / "state" / "key.pem"
    token = LocalIssuer(ACCOUNT, key).token("vp@example.com")
    assert LocalIssuer(ACCOUNT, key)._claims(token)["sub"] == "vp@example.com"
    assert key.stat().st_mode & 0o777 == 0o600
