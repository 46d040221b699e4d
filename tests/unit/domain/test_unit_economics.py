"""Unit economics of a service, and the cost of an AI system from its items."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from pydantic import ValidationError

from bursar.domain.ai_system import AiSystem
from bursar.domain.ledger.lines import CostCategory, Kind, Line, LineKey
from bursar.domain.money import Money
from bursar.domain.scopes import Scope
from bursar.domain.trends import Direction
from bursar.domain.unit_economics import ServiceMonth, service_month, service_trends
from bursar.domain.usage.records import TokenCounts
from tests.unit.domain.sample_statements import bought, november, pods

CHAT = Scope.parse("feature=chat")


def test_a_service_is_the_lines_that_its_scope_covers() -> None:
    found = service_month(
        "2026-11",
        CHAT,
        [
            november(
                bought("acme", "30", requests=200, feature="chat"),
                bought("acme", "99", requests=1, feature="search"),
                pods("acme", "10", feature="chat"),
            )
        ],
        users=8,
        revenue=Money.of("100"),
    )
    assert found.usd == Money.of("40")
    assert found.usd_per_request == Money.of("0.15")  # 30 / 200: pods of no model serve none
    assert found.usd_per_user == Money.of("5")
    assert found.usd_per_revenue_dollar == Money.of("0.4")
    assert (found.margin, found.margin_share) == (Money.of("60"), 0.6)


def test_a_service_of_one_provider_has_its_lines_however_they_were_booked() -> None:
    lines = (bought("acme", "3", provider="bedrock"), bought("acme", "4"))
    found = service_month("2026-11", Scope.parse("provider=Bedrock"), [november(*lines)])
    assert found.usd == Money.of("7")  # 3 + 4


def test_a_services_request_costs_what_serving_it_did_without_idle_and_training() -> None:
    """The usage basis, as `usage summary` has it; margins are of everything."""
    llama = {"tenant": "acme", "model": "llama", "cluster": "prod"}
    lines = {
        LineKey(category=CostCategory.GPU_COMPUTE, **llama): Line(Money.of("6").units, 10),
        LineKey(category=CostCategory.MEMORY, **llama): Line(Money.of("1").units),
        LineKey(category=CostCategory.GPU_COMPUTE, kind=Kind.IDLE, **llama): Line(
            Money.of("3").units
        ),
        LineKey(category=CostCategory.TRAINING, **llama): Line(Money.of("20").units),
    }
    found = service_month("2026-11", Scope.parse("tenant=acme"), [november(lines)], users=10)
    assert found.usd_per_request == Money.of("0.7")  # (6 + 1) / 10
    assert (found.usd, found.usd_per_user) == (Money.of("30"), Money.of("3"))


def test_what_nobody_told_and_what_nobody_used_is_no_data() -> None:
    found = ServiceMonth("2026-11", Money.of("40"), 0)
    assert found.usd_per_request is None
    assert found.usd_per_user is None
    assert found.usd_per_revenue_dollar is None
    assert (found.margin, found.margin_share) == (None, None)
    assert ServiceMonth("2026-11", Money.of("40"), 0, 0, Money.zero()).usd_per_user is None


def test_requests_without_a_price_are_in_no_cost_per_request() -> None:
    unpriced = LineKey("acme", CostCategory.EXTERNAL_API, model="new", feature="chat")
    lines = november(
        bought("acme", "30", requests=200, feature="chat"),
        {unpriced: Line(0, 100, unpriced=TokenCounts(input=1), unpriced_requests=100)},
    )
    found = service_month("2026-11", CHAT, [lines])
    assert (found.requests, found.unpriced_requests) == (300, 100)
    assert found.usd_per_request == Money.of("0.15")  # 30 / 200


def test_a_service_without_revenue_loses_what_it_costs() -> None:
    found = ServiceMonth("2026-11", Money.of("40"), 1, revenue=Money.zero())
    assert (found.margin, found.margin_share) == (Money.of("-40"), None)


def test_trends_are_fitted_over_the_months_that_have_a_figure() -> None:
    months = [
        ServiceMonth(f"2026-{n:02}", usd, 10, users=None, serving=Line(usd.units, 10))
        for n in range(1, 7)
        if (usd := Money.of(10 * n))
    ]
    trends = service_trends(months)
    assert trends["usd_per_request"].direction is Direction.INCREASING
    assert trends["usd_per_request"].slope == pytest.approx(1.0)
    assert trends["usd_per_user"].direction is Direction.INSUFFICIENT_DATA


def test_a_month_of_which_nothing_was_stated_has_no_cost_and_is_in_no_trend() -> None:
    never = service_month("2026-08", CHAT, [], users=8, unstated_hours=744)
    assert (never.usd, never.usd_per_user, never.usd_per_request) == (None, None, None)
    unused = service_month("2026-11", CHAT, [november(pods("acme", "10"))])
    assert unused.usd is None  # stated, and no line is the service's
    assert service_trends([never, unused])["usd"].points == 0


def test_a_service_of_which_no_line_is_has_no_cost_and_no_margin() -> None:
    """Its scope may be mistyped: it does not earn 100 USD for nothing."""
    scope = Scope.parse("tenant=nobodyatall")
    lines = november(bought("acme", "30"))
    found = service_month("2026-11", scope, [lines], users=10, revenue=Money.of("100"))
    assert (found.usd, found.usd_per_user, found.margin, found.margin_share) == (None,) * 4
    assert found.is_used is False


def test_what_is_told_of_a_service_after_the_months_close_is_its_cost_of_that_month() -> None:
    """All of chat's October, 30 for 200 requests, was told in November: it is of its scope."""
    late = {"feature": "chat", "adjusts": "2026-10"}
    statements = [
        november(bought("acme", "5"), month="2026-10"),
        november(bought("acme", "30", requests=200, **late), bought("acme", "7", feature="chat")),
    ]
    october = service_month("2026-10", CHAT, statements, users=10, revenue=Money.of("50"))
    assert (october.usd, october.usd_per_user) == (Money.of("30"), Money.of("3"))
    assert (october.usd_per_request, october.margin) == (Money.of("0.15"), Money.of("20"))
    assert october.is_used
    assert service_month("2026-11", CHAT, statements).usd == Money.of("7")


def test_a_service_of_which_nothing_has_a_price_has_no_cost_and_no_margin() -> None:
    scope = Scope.parse("model=nobody-knows")
    key = LineKey("acme", CostCategory.EXTERNAL_API, model="nobody-knows")
    unpriced = {key: Line(0, 1, unpriced=TokenCounts(input=9), unpriced_requests=1)}
    lines = november(bought("acme", "30"), unpriced)
    found = service_month("2026-11", scope, [lines], users=10, revenue=Money.of("100"))
    assert (found.usd, found.usd_per_user, found.margin, found.margin_share) == (None,) * 4
    assert (found.is_used, found.requests, found.unpriced_requests) == (True, 1, 1)


def test_a_service_that_cost_nothing_has_a_cost_of_zero() -> None:
    found = service_month("2026-11", CHAT, [november(bought("acme", "0", feature="chat"))])
    assert (found.usd, found.is_used) == (Money.zero(), True)


def test_a_partly_stated_month_is_not_set_against_the_whole_months_users_and_revenue() -> None:
    """552 of 744 hours are unknown: 40 USD are not what 8 users cost, nor what 100 USD took."""
    lines = november(bought("acme", "40", requests=200, feature="chat"))
    part = service_month("2026-11", CHAT, [lines], users=8, revenue=Money.of("100"))
    assert (part.usd_per_user, part.margin_share) == (Money.of("5"), 0.6)
    part = replace(part, unstated_hours=552)
    assert (part.usd, part.usd_per_request) == (Money.of("40"), Money.of("0.2"))
    assert (part.usd_per_user, part.usd_per_revenue_dollar, part.margin) == (None, None, None)
    assert all(found.points == 0 for found in service_trends([part]).values())


def item(name: str, category: str, usd: str, volume: str) -> dict[str, str]:
    told = {"name": name, "category": category, "unit": "unit"}
    return told | {"usd_per_unit": usd, "volume": volume}


def test_a_system_costs_the_sum_of_its_items() -> None:
    system = AiSystem.model_validate(
        {
            "name": "assistant",
            "items": [
                item("gpus", "gpu_compute", "2.5", "720"),  # 1800
                item("tokens", "external_api", "3", "66.666"),  # 199.998
                item("more gpus", "gpu_compute", "0.000001", "2000"),  # 0.002
            ],
            "predictions": 1000,
            "users": 0,
        }
    )
    assert system.usd == Money.of("2000")
    assert system.by_category() == {
        CostCategory.GPU_COMPUTE: Money.of("1800.002"),
        CostCategory.EXTERNAL_API: Money.of("199.998"),
    }
    assert system.usd_per_prediction == Money.of("2")
    assert system.usd_per_user is None  # nobody uses it: that is not free


@pytest.mark.parametrize("volume", ["NaN", "Infinity", "-1", "1e99", "1e-999999999", "many"])
def test_a_volume_that_is_none_is_refused(volume: str) -> None:
    with pytest.raises(ValidationError, match="volume"):
        AiSystem.model_validate({"name": "x", "items": [item("a", "storage", "1", volume)]})


@pytest.mark.parametrize("field", ["predictions", "users"])
@pytest.mark.parametrize("count", [True, "1000", -1])
def test_a_count_that_is_none_is_refused(field: str, count: object) -> None:
    told = {"name": "x", "items": [item("a", "storage", "1", "1")], field: count}
    with pytest.raises(ValidationError, match=field):
        AiSystem.model_validate(told)


def test_a_price_finer_than_an_amount_is_multiplied_before_it_is_rounded() -> None:
    told = {"name": "x", "items": [item("bytes", "storage", "1e-13", "1e15")]}
    assert AiSystem.model_validate(told).usd == Money.of("100")


@pytest.mark.parametrize("price", [0.5, True, "NaN", "Infinity", "many", "1e-25", "1e-999999999"])
def test_a_price_that_is_none_is_refused(price: object) -> None:
    told = {"name": "x", "items": [item("a", "storage", "1", "1") | {"usd_per_unit": price}]}
    with pytest.raises(ValidationError, match="usd_per_unit"):
        AiSystem.model_validate(told)


def test_amounts_of_the_items_are_exact() -> None:
    told = {"name": "x", "items": [item("a", "storage", "0.1", "3")]}
    assert AiSystem.model_validate(told).usd.amount == Decimal("0.3")
