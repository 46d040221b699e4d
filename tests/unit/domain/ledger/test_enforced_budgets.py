"""Which enforced budgets an entry is charged to, and in which of their windows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bursar.domain.budgets import Budget
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.ledger.enforced_budgets import EnforcedBudgets
from bursar.domain.ledger.entries import Pricing
from bursar.domain.ledger.planning import adjust
from bursar.domain.money import Money
from bursar.domain.scopes import Scope
from tests.contract.ledger_books import ONE_PM, entry

NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)


def enforced(scope: str, **more: str) -> EnforcedBudgets:
    budget = Budget(id="b", scope=Scope.parse(scope), limit=Money.of(5), owner="ana", **more)
    return EnforcedBudgets([budget], "acme", {"search": "find"}.get)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "scope",
    [
        "org=acme,tenant=search",
        "team=find",
        "tenant=search",
        "model=gpt-x",
        "feature=answers",
        "provider=openai",
        "key=k1",
        "category=external_api",
        "team=find,model=gpt-x,category=external_api",
    ],
)
def test_a_scope_covers_what_it_names(scope: str) -> None:
    told = entry("1", feature="answers", provider="openai", key="k1")
    assert enforced(scope).windows(told) == [BudgetWindow("b", NOVEMBER)]


@pytest.mark.parametrize("spelled", ["bedrock", "AWS", "aws"])
def test_a_providers_budget_is_charged_however_it_is_spelled(spelled: str) -> None:
    for booked in ("aws", "bedrock"):
        told = entry("1", provider=booked)
        assert enforced(f"provider={spelled}").windows(told) == [BudgetWindow("b", NOVEMBER)]


@pytest.mark.parametrize("scope", ["tenant=ads", "team=other", "cluster=prod", "account=1"])
def test_a_scope_does_not_cover_another(scope: str) -> None:
    assert enforced(scope).windows(entry("1")) == []


@pytest.mark.parametrize(
    "more", [{"pricing": Pricing.UNPRICED}, {"pricing": Pricing.SELF_HOSTED}, {"shadow": "otel"}]
)
def test_only_what_is_priced_and_billed_here_is_charged(more: dict[str, str]) -> None:
    assert enforced("tenant=search").windows(entry("1", **more)) == []


def test_the_window_is_the_one_of_the_budgets_own_day() -> None:
    """At 19:00 UTC on the 20th it is already the 21st in Kolkata, 5 hours 30 minutes ahead."""
    late = entry("1", at=datetime(2026, 11, 20, 19, tzinfo=UTC))
    (window,) = enforced("tenant=search", period="day", time_zone="Asia/Kolkata").windows(late)
    assert window.starts_at == datetime(2026, 11, 20, 18, 30, tzinfo=UTC)


def test_an_adjustment_is_charged_when_it_came_in() -> None:
    late = entry("1", at=datetime(2026, 10, 3, tzinfo=UTC))
    budgets = enforced("tenant=search")
    assert budgets.windows(late) == [BudgetWindow("b", datetime(2026, 10, 1, tzinfo=UTC))]
    moved = adjust(late, ONE_PM, {"2026-10"})
    assert budgets.windows(moved) == [BudgetWindow("b", NOVEMBER)]
    assert budgets.limit(BudgetWindow("b", NOVEMBER)) == Money.of(5)
