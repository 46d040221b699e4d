"""Which one budget an approved exception raises."""

from __future__ import annotations

from typing import Any

import pytest

from bursar.domain.scopes import Scope
from bursar.wiring.raises import raised_budgets
from tests.unit.jobs.sample_config import budget, config

BUDGETS = (
    ("all", "category=external_api"),
    ("team", "team=find"),
    ("search", "tenant=search"),
    ("cheap", "tenant=search,model=mini"),
    ("prod", "cluster=prod"),
    ("research", "namespace=research"),
)


def raised(scope: str, policy: str = "team-month", **more: Any) -> str | None:
    told = config(
        *({**budget(each, "10"), "id": name} for name, each in BUDGETS),
        *(more.pop("also", ())),
        attribution={"teams": {"search": "find"}},
        governance={"teams": [{"name": "lab", "owns": ["namespace=research"]}]},
    )
    found = raised_budgets(told).budget(policy, Scope.parse(scope))
    return found.id if found else None


@pytest.mark.parametrize(
    ("scope", "budget_id"),
    [
        ("tenant=search", "search"),
        ("tenant=search,model=gpt-x", "search"),
        ("tenant=search,model=mini", "cheap"),
        ("tenant=ads", "all"),  # bought from others, as nothing else is said
        ("cluster=prod,namespace=ads", "prod"),
        ("cluster=other", None),
        ("namespace=research", "research"),
    ],
)
def test_it_is_the_one_that_names_most_of_what_is_asked_for(
    scope: str, budget_id: str | None
) -> None:
    assert raised(scope) == budget_id


def test_of_two_of_the_same_scope_the_longer_period_is_raised() -> None:
    daily = {**budget("tenant=search", "1", period="day"), "id": "a-day"}
    assert raised("tenant=search", also=[daily]) == "search"


def test_an_exception_to_a_policy_on_single_requests_raises_none() -> None:
    assert raised("tenant=search", "api-request") is None
