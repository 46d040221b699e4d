"""The API as a document: every route, who may call it, what it takes and how it answers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bursar.web.api import answers
from bursar.web.api.exception_bodies import Decision, EditedException, NewException
from bursar.web.api.gated_jobs import GatedJobs
from bursar.web.api.problems import PROBLEM_JSON
from bursar.web.api.reservation_bodies import NewLease, NewReservation, Settlement

SLACK_ROUTE = "POST /v1/slack/actions"
_REFS = "#/components/schemas/{model}"
_MACHINE, _PERSON = "machine", "person"
Schema = Mapping[str, Any]


class Operation(NamedTuple):
    """One route. `caller` is nobody in particular where it is empty."""

    route: str
    told: str
    caller: str
    answer: Schema
    status: int = 200
    problems: Sequence[int] = ()
    body: type[BaseModel] | None = None
    query: Mapping[str, Schema] = {}

    @property
    def id(self) -> str:
        """`post_v1_reservations_reservation_id_settle`: what generated clients call it."""
        return "_".join(re.findall(r"\w+", self.route)).lower()


OPERATIONS = (
    Operation("GET /openapi.json", "This document.", "", answers.ANYTHING),
    Operation(
        SLACK_ROUTE,
        "A click on a button of Bursar's Slack app, signed by Slack.",
        "",
        answers.ANYTHING,
        problems=(401, 403, 404, 413, 422),
    ),
    Operation(
        "POST /v1/usage",
        "Tell which models were used, in one of the formats of docs/usage-formats.md.",
        _MACHINE,
        answers.USAGE,
        problems=(413, 422, 503),
    ),
    Operation(
        "POST /v1/reservations",
        "Hold an amount in every enforced budget that it would be spent of.",
        _MACHINE,
        answers.RESERVATION,
        status=201,
        problems=(402, 409, 413, 422, 503),
        body=NewReservation,
    ),
    Operation(
        "POST /v1/reservations/{reservation_id}/settle",
        "Say what was spent of it.",
        _MACHINE,
        answers.RESERVATION,
        problems=(404, 409, 413, 422, 503),
        body=Settlement,
    ),
    Operation(
        "POST /v1/reservations/{reservation_id}/release",
        "Hold it no longer.",
        _MACHINE,
        answers.RESERVATION,
        problems=(404, 409, 503),
    ),
    Operation(
        "POST /v1/leases",
        "Hold a slice of the budgets, to be spent by many small requests.",
        _MACHINE,
        answers.LEASE,
        status=201,
        problems=(402, 409, 413, 422, 503),
        body=NewLease,
    ),
    Operation(
        "GET /v1/budgets",
        "How all budgets stand, enforced ones first; a producer's account sees its tenants'.",
        _PERSON,
        answers.BUDGETS,
    ),
    Operation(
        "GET /v1/reservations/budgets",
        "How the enforced budgets stand that the caller's reservations may be held in.",
        _MACHINE,
        answers.BUDGETS,
    ),
    Operation(
        "POST /v1/gate/jobs",
        "Ask whether jobs may start: what they cost, by their manifests, and what policies say.",
        _MACHINE,
        answers.GATED_JOBS,
        problems=(413, 422),
        body=GatedJobs,
    ),
    Operation(
        "POST /v1/exceptions",
        "Ask for spending beyond a policy.",
        _PERSON,
        answers.EXCEPTION,
        status=201,
        problems=(409, 413, 422, 503),
        body=NewException,
    ),
    Operation(
        "GET /v1/exceptions",
        "The caller's own requests, newest first, or those that wait for the caller's answer.",
        _PERSON,
        answers.EXCEPTIONS,
        problems=(422,),
        query={"awaiting": {"type": "string", "enum": ["me"]}},
    ),
    Operation(
        "GET /v1/exceptions/{exception_id}",
        "The whole request: what is asked for, and who has said what.",
        _PERSON,
        answers.EXCEPTION,
        problems=(404,),
    ),
    Operation(
        "PATCH /v1/exceptions/{exception_id}",
        "Ask for something else: a new version, which everybody is asked about anew.",
        _PERSON,
        answers.EXCEPTION,
        problems=(404, 409, 410, 413, 422, 503),
        body=EditedException,
    ),
    Operation(
        "POST /v1/exceptions/{exception_id}/decisions",
        "Answer for the tier that is asked.",
        _PERSON,
        answers.EXCEPTION,
        problems=(404, 409, 410, 413, 422, 503),
        body=Decision,
    ),
    Operation(
        "GET /v1/policies",
        "What a request can be about, and from which amounts on who has to sign it.",
        _PERSON,
        answers.POLICIES,
    ),
    Operation(
        "GET /v1/audit",
        "A page of the audit's chain, from the record after this number on.",
        _PERSON,
        answers.AUDIT,
        problems=(422,),
        query={"after": {"type": "string", "pattern": "^[0-9]{1,12}$"}},
    ),
)


@cache
def document(*, slack: bool = True) -> dict[str, Any]:
    """The API as OpenAPI 3.1 describes it; without `slack` there is no route of its app."""
    bodies = [(each.body, "validation") for each in OPERATIONS if each.body]
    _, schemas = models_json_schema(bodies, ref_template=_REFS)  # type: ignore[arg-type]
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        if not slack and operation.route == SLACK_ROUTE:
            continue
        method, path = operation.route.split(" ")
        paths.setdefault(path, {})[method.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Bursar", "version": "1", "description": "Amounts are USD, as text."},
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"] | {"Problem": answers.PROBLEM},
            "securitySchemes": {
                _PERSON: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                _MACHINE: {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "AWS Signature Version 4, by a producer's role",
                },
            },
        },
    }


def _described(operation: Operation) -> dict[str, Any]:
    refused = {"description": "refused", "content": {PROBLEM_JSON: {"schema": _ref("Problem")}}}
    answered: dict[str, Any] = {
        "description": "done",
        "content": {"application/json": {"schema": operation.answer}},
    }
    if links := _links(operation):
        answered["links"] = links
    codes = {*operation.problems, *((401, 403) if operation.caller else ())}
    told: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.told,
        "security": [{operation.caller: []}] if operation.caller else [],
        "parameters": _parameters(operation),
        "responses": {str(operation.status): answered}
        | {str(code): refused for code in sorted(codes)},
    }
    if operation.body:
        content = {"application/json": {"schema": _ref(operation.body.__name__)}}
        told["requestBody"] = {"required": True, "content": content}
    return told


def _links(operation: Operation) -> dict[str, Any]:
    """What can be done with what was made: its id goes into their paths."""
    made = f"{operation.route.partition(' ')[2]}/{{"
    return {
        each.id: {
            "operationId": each.id,
            "parameters": {_variables(each)[0]: "$response.body#/id"},
        }
        for each in OPERATIONS
        if operation.status == HTTPStatus.CREATED and made in each.route
    }


def _variables(operation: Operation) -> list[str]:
    return re.findall(r"{(\w+)}", operation.route)


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    inside = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _variables(operation)
    ]
    asked = [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in operation.query.items()
    ]
    return inside + asked


def _ref(model: str) -> dict[str, str]:
    return {"$ref": _REFS.format(model=model)}
