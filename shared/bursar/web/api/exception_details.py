"""All that a person sees of an exception before they decide on it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bursar.domain.governance.decisions import Choice, decide, is_awaited
from bursar.domain.governance.exceptions import SpendException
from bursar.domain.governance.people import Person
from bursar.domain.governance.refusals import RefusalError
from bursar.domain.money import Money
from bursar.domain.spend_forecast.records import SpendForecast
from bursar.jobs.read_touched_budgets import TouchedBudget, read_touched_budgets
from bursar.web.api.exception_bodies import as_details, as_summary
from bursar.web.api.exception_notes import notes
from bursar.web.api.policies import policy_as_json
from bursar.wiring import Ports

_OTHERS_SHOWN = 10


def describe(
    ports: Ports, person: Person, exception: SpendException, at: datetime
) -> dict[str, Any]:
    """The request as it is, what it would be spent of, and what else its team has asked for."""
    of, request, limits = ports.governance, exception.request, ports.raised_limits
    split = of.exceptions.split(exception.team, request.policy)
    allowance = of.exceptions.allowance(exception.id)
    told = as_details(
        exception,
        at,
        decisions=of.exceptions.decisions(exception.id),
        allowance=allowance,
        may_edit=person.id == exception.requester and exception.status_at(at) == "pending",
        may_decide=is_awaited(exception, person, at, rules=of.rules),
    )
    touched = read_touched_budgets(
        limits.budgets.facts(request.scope),
        ports.config.budgets,
        at,
        windows=of.windows,
        states=ports.budgets,
        forecasts=ports.forecasts,
        limits=limits,
    )
    raised = limits.budgets.budget(request.policy, request.scope)
    others = [
        each
        for each in of.exceptions.recent()
        if each.team == exception.team and each.id != exception.id
    ]
    policies = [each for each in of.rules.policies if each.name == request.policy]
    return told | {
        "as_of": at.isoformat(),
        "you": person.id,
        "why_not": _why_not(ports, person, exception, at),
        "asked": exception.asked.tier.name if exception.asked else None,
        "policy_rules": policy_as_json(policies[0])["rules"] if policies else [],
        "counted_beside_usd": split.others(exception.id, at).plain(),
        "budgets": [_budget(each) for each in touched],
        "notes": notes(exception, exception.status_at(at), allowance, raised, touched),
        "others": [as_summary(each, at) for each in others[:_OTHERS_SHOWN]],
    }


def _why_not(ports: Ports, person: Person, exception: SpendException, at: datetime) -> str | None:
    """Why this person's answer would be refused now."""
    of = ports.governance
    split = of.exceptions.split(exception.team, exception.request.policy)
    try:
        decide(exception, person, Choice.DENY, exception.version, at, rules=of.rules, split=split)
    except RefusalError as refusal:
        return str(refusal)
    return None


def _budget(touched: TouchedBudget) -> dict[str, Any]:
    budget, window = touched.budget, touched.window
    return {
        "id": budget.id,
        "scope": budget.scope.pairs,
        "enforced": budget.enforced,
        "window": {"starts_at": window.start.isoformat(), "ends_at": window.end.isoformat()},
        "limit_usd": touched.limit.plain(),
        "spent_usd": _usd(touched.spent),
        "reserved_usd": touched.reserved.plain(),
        "available_usd": _usd(touched.available),
        "as_of": touched.as_of.isoformat() if touched.as_of else None,
        "projected_usd": _usd(touched.projected),
        "forecast": _forecast(touched.forecast),
    }


def _forecast(made: SpendForecast | None) -> dict[str, str] | None:
    """The month's outcome; nothing where there was too little history to tell one."""
    if made is None or made.outcome is None:
        return None
    return {
        "month": made.month,
        "as_of": made.as_of.isoformat(),
        "expected_usd": made.outcome.expected.plain(),
        "low80_usd": made.outcome.low80.plain(),
        "high80_usd": made.outcome.high80.plain(),
    }


def _usd(amount: Money | None) -> str | None:
    return None if amount is None else amount.plain()
