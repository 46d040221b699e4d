"""The API's own description is in step with its routes, and with what they answer."""

from __future__ import annotations

import json
import re

import pytest
from jsonschema import Draft202012Validator

from bursar.web.api.app import build_api
from bursar.web.api.openapi import document
from infra.constructs.http_api import MACHINES, OPEN, PAGES, PEOPLE, SLACK
from tests.unit.web.test_exceptions_api import ASKED, Api


def anonymous(route: str) -> str:
    """`POST /v1/x/{}`: variables have names of their own in each place."""
    return re.sub(r"{[^}]*}|<[^>]*>", "{}", route)


def described(caller: str | None = None) -> set[str]:
    return {
        anonymous(f"{method.upper()} {path}")
        for path, methods in document()["paths"].items()
        for method, told in methods.items()
        if caller is None or [*told["security"]] == ([{caller: []}] if caller else [])
    }


def test_every_route_that_answers_is_described_and_no_other() -> None:
    api = build_api()
    routes = [*api._static_routes, *api._dynamic_routes]
    served = {anonymous(f"{each.method} {each.path}") for each in routes}
    assert served - {anonymous(route) for route in PAGES} == described()


@pytest.mark.parametrize(
    ("caller", "routes"), [("machine", MACHINES), ("person", PEOPLE), ("", (*OPEN, *SLACK))]
)
def test_who_may_call_a_route_is_told_as_it_is_deployed(
    caller: str, routes: tuple[str, ...]
) -> None:
    assert described(caller) == {anonymous(route) for route in routes}


def test_it_is_open_and_every_reference_in_it_leads_somewhere() -> None:
    status, told = Api().call("", "GET /openapi.json")
    assert (status, told["openapi"]) == (200, "3.1.0")
    names = set(re.findall(r'"#/components/schemas/(\\w+)"', json.dumps(told)))
    assert names <= told["components"]["schemas"].keys()
    for schema in told["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_without_an_app_of_slacks_its_route_is_neither_served_nor_described() -> None:
    api = Api()
    assert "/v1/slack/actions" not in api.call("", "GET /openapi.json")[1]["paths"]
    assert api.call("", "POST /v1/slack/actions", "")[0] == 404


@pytest.mark.parametrize(
    ("route", "status"),
    [
        ("POST /v1/exceptions", 201),
        ("GET /v1/exceptions", 200),
        ("GET /v1/exceptions/{exception_id}", 200),
        ("POST /v1/exceptions/{exception_id}/decisions", 200),
        ("GET /v1/policies", 200),
        ("GET /v1/audit", 200),
    ],
)
def test_answers_are_what_was_promised(route: str, status: int) -> None:
    api = Api()
    id_ = api.ask()
    body = {"decision": "approve", "version": 1} if "decisions" in route else ASKED
    who = "emil" if "decisions" in route else "rita"
    given, answer = api.call(who, route.replace("{exception_id}", id_), body)
    method, path = route.split(" ")
    promised = document()["paths"][path][method.lower()]["responses"][str(status)]
    schema = promised["content"]["application/json"]["schema"]
    assert given == status
    assert list(Draft202012Validator(schema).iter_errors(answer)) == []
