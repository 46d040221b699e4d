"""How budgets stand: for whoever has a token of the issuer, and for machines that reserve."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from bursar.jobs.read_budgets import (
    BudgetStanding,
    read_enforced_budgets,
    read_watched_budgets,
)
from bursar.web.api.callers import signing_producer, tenants_of_bearer
from bursar.web.api.problems import answer_json
from bursar.wiring import Ports

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call] # powertools has no hint here


@router.get("/v1/budgets")
def get_budgets() -> Response[str]:
    """Every budget that concerns the caller, the enforced ones first."""
    ports: Ports = router.context["ports"]
    at = router.context["at"]
    budgets, limits = ports.config.budgets, ports.raised_limits
    tenants = tenants_of_bearer(ports, router.current_event.raw_event)
    enforced = read_enforced_budgets(
        budgets, at, windows=ports.governance.windows, limits=limits, tenants=tenants
    )
    watched = read_watched_budgets(
        budgets, at, states=ports.budgets, limits=limits, tenants=tenants
    )
    return answer_json(HTTPStatus.OK, [_as_json(each) for each in (*enforced, *watched)])


@router.get("/v1/reservations/budgets")
def get_reservable_budgets() -> Response[str]:
    """The enforced budgets that the caller's reservations may be held in."""
    ports: Ports = router.context["ports"]
    producer = signing_producer(ports, router.current_event.raw_event)
    enforced = read_enforced_budgets(
        ports.config.budgets,
        router.context["at"],
        windows=ports.admission.windows,
        limits=ports.admission.raised,
        tenants=producer.policy().all_tenants,
    )
    return answer_json(HTTPStatus.OK, [_as_json(each) for each in enforced])


def _as_json(standing: BudgetStanding) -> dict[str, Any]:
    budget, balance, window = standing.budget, standing.balance, standing.window
    told: dict[str, Any] = {
        "id": budget.id,
        "scope": budget.scope.pairs,
        "enforced": budget.enforced,
        "window": {"starts_at": window.start.isoformat(), "ends_at": window.end.isoformat()},
        "limit_usd": standing.limit.plain(),
        "spent_usd": balance.spent.plain(),
        "reserved_usd": balance.reserved.plain(),
        "available_usd": standing.available.plain(),
        "as_of": standing.as_of.isoformat(),
    }
    if standing.approved:
        told["exceptions"] = [
            {
                "id": each.exception,
                "remaining_usd": each.remaining.plain(),
                "until": each.until.isoformat(),
            }
            for each in standing.approved
        ]
    return told
