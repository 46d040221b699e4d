"""Exceptions over HTTP: people ask for spending beyond a policy, and others decide on it.

Who is authenticated is told 404, then 403, 410, 409 and 422, in this order: of a body that is
wrong nothing is said to those who may not act anyway.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any, NamedTuple, TypeVar

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from bursar.domain.governance import asking
from bursar.domain.governance.decisions import Choice, decide, is_awaited
from bursar.domain.governance.exceptions import (
    AlreadyOverError,
    AmountOutOfRangeError,
    SpendException,
)
from bursar.domain.governance.ids import RANDOM_BYTES, ulid
from bursar.domain.governance.people import Person
from bursar.domain.governance.refusals import (
    ConflictError,
    ExpiredError,
    InvalidRequestError,
    NotEntitledError,
    RefusalError,
)
from bursar.domain.governance.rules import UnknownBeneficiaryError, UnknownPolicyError
from bursar.domain.governance.teams import AmbiguousOwnerError
from bursar.jobs.edit_exception import edit_exception
from bursar.jobs.open_exception import ExceptionContentionError, open_exception
from bursar.jobs.record_decision import record_decision
from bursar.web.api.bodies import M, read_json
from bursar.web.api.callers import signed_in_person
from bursar.web.api.exception_bodies import (
    Decision,
    EditedException,
    NewException,
    as_summary,
)
from bursar.web.api.exception_details import describe
from bursar.web.api.problems import ProblemError, answer_json
from bursar.wiring import Ports
from bursar.wiring.governance import Governance

_COME_BACK_SECONDS = 1
_STATUSES = {
    NotEntitledError: HTTPStatus.FORBIDDEN,
    ExpiredError: HTTPStatus.GONE,
    ConflictError: HTTPStatus.CONFLICT,
    InvalidRequestError: HTTPStatus.UNPROCESSABLE_ENTITY,
}
_MEMBERS = {
    UnknownPolicyError: "policy",
    UnknownBeneficiaryError: "beneficiary",
    AmbiguousOwnerError: "scope",
    AmountOutOfRangeError: "amount_usd",
    AlreadyOverError: "until",
}
T = TypeVar("T")

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call] # powertools has no hint here


class _Call(NamedTuple):
    of: Governance
    person: Person
    at: datetime


@router.post("/v1/exceptions")
def post_exception() -> Response[str]:
    """201 with the exception; its first tier is asked at once."""
    of, person, at = _call()
    _told(lambda: asking.refuse_viewer(person))
    request = _body(NewException).as_request()
    opened = _told(
        lambda: open_exception(
            ulid(at, secrets.token_bytes(RANDOM_BYTES)),
            request,
            person,
            at,
            rules=of.rules,
            exceptions=of.exceptions,
            workflow=of.workflow,
        )
    )
    return answer_json(HTTPStatus.CREATED, _details(person, opened, at))


@router.get("/v1/exceptions")
def get_exceptions() -> Response[str]:
    """The caller's own, newest first; with `awaiting=me` those that wait for the caller."""
    of, person, at = _call()
    awaiting = router.current_event.query_string_parameters.get("awaiting")
    if awaiting not in (None, "me"):
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "awaiting: can be `me` alone")
    if awaiting:
        pending = of.exceptions.pending()
        found = [each for each in pending if is_awaited(each, person, at, rules=of.rules)]
    else:
        found = [each for each in of.exceptions.recent() if each.requester == person.id]
    return answer_json(HTTPStatus.OK, [as_summary(each, at) for each in found])


@router.get("/v1/exceptions/<exception_id>")
def get_exception(exception_id: str) -> Response[str]:
    """The whole request: who asked what, who said what, and what is left of it."""
    exception = _found(exception_id)
    _, person, at = _call()
    return answer_json(HTTPStatus.OK, _details(person, exception, at))


@router.patch("/v1/exceptions/<exception_id>")
def patch_exception(exception_id: str) -> Response[str]:
    """200 with the next version, which everybody is asked about anew."""
    old = _found(exception_id)
    of, person, at = _call()

    def refused_anyway() -> None:
        split = of.exceptions.split(old.team, old.request.policy)
        rules, version = of.rules, old.version
        asking.edit_exception(old, old.request, person, version, at, rules=rules, split=split)

    body = _body(EditedException, refused_anyway)
    edited = _told(
        lambda: edit_exception(
            exception_id,
            body.applied_to(old.request),
            person,
            body.version,
            at,
            rules=of.rules,
            exceptions=of.exceptions,
            tokens=of.exceptions,
            workflow=of.workflow,
        )
    )
    return answer_json(HTTPStatus.OK, _details(person, edited, at))


@router.post("/v1/exceptions/<exception_id>/decisions")
def post_decision(exception_id: str) -> Response[str]:
    """200 with the exception after the decision, which stands."""
    old = _found(exception_id)
    of, person, at = _call()

    def refused_anyway() -> None:
        split = of.exceptions.split(old.team, old.request.policy)
        decide(old, person, Choice.DENY, old.version, at, rules=of.rules, split=split)

    body = _body(Decision, refused_anyway)
    decided = _told(
        lambda: record_decision(
            exception_id,
            person,
            body.decision,
            body.version,
            at,
            rules=of.rules,
            exceptions=of.exceptions,
            tokens=of.exceptions,
            workflow=of.workflow,
            tier=body.tier,
            comment=body.comment,
        )
    )
    return answer_json(HTTPStatus.OK, _details(person, decided, at))


def _call() -> _Call:
    ports: Ports = router.context["ports"]
    of = ports.governance
    person = signed_in_person(of.rules.directory, router.current_event.raw_event)
    return _Call(of, person, router.context["at"])


def _found(exception_id: str) -> SpendException:
    """What there is of this id, before who asks for it is looked up: 404 comes before 403."""
    ports: Ports = router.context["ports"]
    if (exception := ports.governance.exceptions.find(exception_id)) is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "there is no exception of this id")
    return exception


def _body(model: type[M], refused_anyway: Callable[[], object] = lambda: None) -> M:
    """The body; one that is wrong is told only to those whom a right one would have served."""
    try:
        return read_json(router.current_event.raw_event, model)
    except ProblemError as wrong:
        try:
            refused_anyway()
        except (NotEntitledError, ExpiredError, ConflictError) as refusal:
            raise _problem(refusal) from None
        except InvalidRequestError:
            pass
        raise wrong


def _told(act: Callable[[], T]) -> T:
    """What it answers.

    Raises:
        ProblemError: governance says no, by the kind of its refusal.
    """
    try:
        return act()
    except RefusalError as refusal:
        raise _problem(refusal) from None
    except ExceptionContentionError:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "others write at the same moment; nothing was written",
            retry_after_seconds=_COME_BACK_SECONDS,
        ) from None


def _problem(refusal: RefusalError) -> ProblemError:
    status = next(code for kind, code in _STATUSES.items() if isinstance(refusal, kind))
    member = next((name for kind, name in _MEMBERS.items() if isinstance(refusal, kind)), None)
    return ProblemError(status, str(refusal), errors={member: str(refusal)} if member else None)


def _details(person: Person, exception: SpendException, at: datetime) -> dict[str, Any]:
    ports: Ports = router.context["ports"]
    return describe(ports, person, exception, at)
