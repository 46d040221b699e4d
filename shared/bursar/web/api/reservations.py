"""Reservations and leases over HTTP: a machine asks before it spends, and says what it spent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, NoReturn

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from bursar.domain.admission.answers import (
    Admitted,
    Busy,
    Closed,
    Conflict,
    Leased,
    Refused,
    Unknown,
    Unpriced,
)
from bursar.domain.admission.reservations import Reservation
from bursar.domain.ledger.enforced_budgets import UnreservableScopeError
from bursar.domain.scopes import Dimension
from bursar.domain.usage.producers import (
    ModelAlias,
    ProducerPolicy,
    TenantRefusedError,
    tenant_for,
)
from bursar.jobs.admit_spend import SpendRequest, admit_spend
from bursar.jobs.draw_lease import LeaseRequest, draw_lease
from bursar.jobs.release_reservation import release_reservation
from bursar.jobs.settle_reservation import find_settleable, settle_reservation
from bursar.web.api.bodies import read_json
from bursar.web.api.callers import signing_producer
from bursar.web.api.problems import ProblemError
from bursar.web.api.reservation_bodies import NewLease, NewReservation, Settlement
from bursar.wiring import Ports

_COME_BACK_SECONDS = 1
_REVIEW = "Bursar-Review"

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call] # powertools has no hint here


@router.post("/v1/reservations")
def post_reservation() -> Response[str]:
    """201 with the reservation; the same again for the same key and body.

    A header names the policy that wants a person to look at so dear a request.
    """
    ports, producer, at = _call()
    body = read_json(router.current_event.raw_event, NewReservation)
    request = SpendRequest(
        principal=producer.name,
        idempotency_key=body.idempotency_key,
        scope=_scope(producer, body.scope, may_be_nobodys=producer.speaks_for_all),
        amount=body.worst_case,
        life=timedelta(seconds=body.expires_in_seconds),
        usage_event_id=body.usage_event_id,
    )
    try:
        answer = admit_spend(request, at, ports.admission)
    except UnreservableScopeError as error:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None
    if not isinstance(answer, Admitted):
        _refuse(answer)
    review = {_REVIEW: answer.review} if answer.review else {}
    told = _as_json(answer.reservation)
    return Response(HTTPStatus.CREATED.value, "application/json", json.dumps(told), review)


@router.post("/v1/leases")
def post_lease() -> Response[str]:
    """201 with a slice, which may be smaller than what was wanted."""
    ports, producer, at = _call()
    body = read_json(router.current_event.raw_event, NewLease)
    request = LeaseRequest(
        principal=producer.name,
        idempotency_key=body.idempotency_key,
        scope=_scope(producer, body.scope),
        wanted=body.amount_usd,
        least=body.least_usd,
        usable=timedelta(seconds=body.usable_seconds),
    )
    try:
        answer = draw_lease(request, at, ports.admission)
    except UnreservableScopeError as error:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None
    if not isinstance(answer, Leased):
        _refuse(answer)
    lease = _as_json(answer.reservation) | {"usable_until": answer.usable_until.isoformat()}
    return _answer(HTTPStatus.CREATED, lease)


@router.post("/v1/reservations/<reservation_id>/settle")
def post_settlement(reservation_id: str) -> Response[str]:
    """200, whether this or the usage itself told the ledger first; 404 and 409 before 422."""
    ports, producer, at = _call()
    try:
        amount = read_json(router.current_event.raw_event, Settlement).amount_usd
    except ProblemError:
        found = find_settleable(reservation_id, producer.name, ports.admission)
        if isinstance(found, Conflict | Unknown):
            _refuse(found)
        raise
    return _closed(settle_reservation(reservation_id, producer.name, amount, at, ports.admission))


@router.post("/v1/reservations/<reservation_id>/release")
def post_release(reservation_id: str) -> Response[str]:
    """200: nothing of it is held any more."""
    ports, producer, _ = _call()
    return _closed(release_reservation(reservation_id, producer.name, ports.admission))


def _call() -> tuple[Ports, ProducerPolicy, datetime]:
    ports: Ports = router.context["ports"]
    producer = signing_producer(ports, router.current_event.raw_event)
    return ports, producer.policy(), router.context["at"]


def _scope(
    producer: ProducerPolicy, named: Mapping[Dimension, str], *, may_be_nobodys: bool = False
) -> Mapping[Dimension, str]:
    """What the named dimensions stand for, decided as it is for the usage that will be told.

    What is no tenant's, such as a job in a namespace, is held in no tenant's budgets.
    """
    alias = producer.aliases.get(named.get(Dimension.MODEL, ""), ModelAlias(""))
    meant = {
        Dimension.MODEL: alias.model,
        Dimension.FEATURE: alias.feature,
        Dimension.TENANT: alias.tenant,
    }
    told = {
        Dimension.FEATURE: producer.default_feature,
        **named,
        Dimension.PROVIDER: producer.provider_of(named.get(Dimension.PROVIDER, "")),
        **{name: value for name, value in meant.items() if value},
    }
    try:
        if told.get(Dimension.TENANT) or not may_be_nobodys:
            told[Dimension.TENANT] = tenant_for(producer, told.get(Dimension.TENANT, ""))
    except TenantRefusedError as error:
        raise ProblemError(HTTPStatus.FORBIDDEN, str(error)) from None
    return {name: value for name, value in told.items() if value}


def _closed(answer: Closed | Conflict | Busy | Unknown) -> Response[str]:
    if not isinstance(answer, Closed):
        _refuse(answer)
    return _answer(HTTPStatus.OK, _as_json(answer.reservation))


def _refuse(answer: Refused | Unpriced | Conflict | Busy | Unknown) -> NoReturn:
    match answer:
        case Refused():
            available = answer.available.plain()
            raise ProblemError(
                HTTPStatus.PAYMENT_REQUIRED,
                f"{answer.budget} has {available} USD available",
                figures={"budget": answer.budget, "available_usd": available},
            )
        case Unpriced():
            told = f"nobody has a price for {answer.model!r}: give amount_usd"
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, told)
        case Conflict():
            raise ProblemError(HTTPStatus.CONFLICT, answer.detail)
        case Busy():
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "others reserve at the same moment; ask again with the same key",
                retry_after_seconds=_COME_BACK_SECONDS,
            )
        case Unknown():
            raise ProblemError(HTTPStatus.NOT_FOUND, "the caller has no such reservation")


def _answer(status: HTTPStatus, told: Any) -> Response[str]:
    return Response(status.value, "application/json", json.dumps(told))


def _as_json(reservation: Reservation) -> dict[str, Any]:
    return {
        "id": reservation.id,
        "status": reservation.status,
        "amount_usd": reservation.amount.plain(),
        "expires_at": reservation.expires_at.isoformat(),
    }
