"""`GET /v1/policies`: what a request can be about, and who would have to sign it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from bursar.domain.governance.policies import Condition, Policy
from bursar.domain.scopes import Dimension
from bursar.web.api.callers import signed_in_person
from bursar.web.api.problems import answer_json
from bursar.wiring import Ports

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call] # powertools has no hint here


@router.get("/v1/policies")
def get_policies() -> Response[str]:
    """The policies, the tiers by the amount that they begin at, and what a scope may name."""
    ports: Ports = router.context["ports"]
    rules = ports.governance.rules
    person = signed_in_person(rules.directory, router.current_event.raw_event)
    told = {
        "as_of": router.context["at"].isoformat(),
        "you": person.id,
        "may_ask": person.may_ask,
        "dimensions": [each.value for each in Dimension],
        "policies": [policy_as_json(each) for each in rules.policies],
        "tiers": [
            {"name": each.name, "at_least_usd": each.at_least.plain()} for each in rules.tiers
        ],
    }
    return answer_json(HTTPStatus.OK, told)


def policy_as_json(policy: Policy) -> dict[str, Any]:
    """A policy in words: `estimated_cost_usd is above 10000` leads to `require_approval`."""
    return {
        "name": policy.name,
        "kind": policy.kind.value,
        "rules": [
            {"when": " and ".join(map(_in_words, rule.when)), "then": rule.then.value}
            for rule in policy.rules
        ],
    }


def _in_words(condition: Condition) -> str:
    value = condition.value
    told = " or ".join(value) if isinstance(value, tuple) else value
    return f"{condition.fact} is {condition.operator.replace('_', ' ')} {told}"
