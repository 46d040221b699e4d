"""The metered book against a provider's own bill, by day and model."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import strategies as st

from bursar.domain.ledger.lines import CostCategory, Line, LineKey
from bursar.domain.money import Money
from bursar.domain.periods import HOUR
from bursar.domain.reconciliation.corrections import corrections
from bursar.domain.reconciliation.provider_bill import family, reconcile_provider
from bursar.domain.usage.records import TokenCounts
from tests.unit.domain.reconciliation.sample_bills import (
    DAY,
    ONE_DAY,
    USD,
    fact,
)
from tests.unit.domain.sample_statements import (
    LINE_MAPS,
    NOVEMBER,
    bought,
    hour_at,
)
from tests.unit.for_all import for_all


def test_a_providers_differences_are_named_by_model_and_day() -> None:
    lines = {
        **bought("acme", "10", model="gpt-4o", provider="openai"),
        **bought("globex", "2", model="gpt-4o-2024-08-06", provider="openai"),
        **bought("acme", "3", model="o9", provider="openai"),
        **bought("acme", "99", model="claude", provider="anthropic"),
    }
    facts = [
        fact("gpt-4o-2024-08-06", "12.5"),
        fact("gpt-5", "4"),
        fact("", "1", "web search tool calls"),
    ]
    found = reconcile_provider("openai", facts, [hour_at(NOVEMBER, lines)])
    assert [(row.model, row.difference.plain(), row.cause) for row in found.rows] == [
        ("gpt-4o", "0.5", "residual"),  # 12.5 - (10 + 2)
        ("gpt-5", "4", "not metered"),
        ("o9", "-3", "not billed"),
        ("web search tool calls", "1", "other charges"),
    ]
    assert Money.sum(found.parts.values()) == found.billed - found.metered == Money.of("2.5")
    assert found.agrees is False


@pytest.mark.parametrize(
    ("model", "sold_as"),
    [
        ("gpt-3.5-turbo-0125", "gpt-3.5-turbo"),
        ("gpt-4-32k-0613", "gpt-4-32k"),
        ("openai/gpt-4o", "gpt-4o"),
        ("OpenAI/GPT-4o-2024-08-06 ", "gpt-4o"),
        ("o3-latest", "o3"),
        ("ft:gpt-4o-2024-08-06:acme::a1", "ft:gpt-4o-2024-08-06:acme::a1"),  # at its own price
        ("azure/gpt-4o", "azure/gpt-4o"),  # another sells it
        ("davinci-002", "davinci-002"),
    ],
)
def test_a_model_is_what_its_releases_and_gateways_make_of_its_name(model, sold_as) -> None:
    assert family("openai", model) == sold_as


def test_names_of_releases_and_gateways_are_no_differences() -> None:
    lines = {
        **bought("acme", "10", model="openai/gpt-4o", provider="openai"),
        **bought("acme", "7", model="gpt-3.5-turbo", provider="openai"),
    }
    facts = [fact("gpt-4o-2024-08-06", "10"), fact("gpt-3.5-turbo-0125", "7")]
    found = reconcile_provider("openai", facts, [hour_at(NOVEMBER, lines)])
    assert [(row.model, row.difference, row.cause) for row in found.rows] == [
        ("gpt-3.5-turbo", Money.zero(), "residual"),
        ("gpt-4o", Money.zero(), "residual"),
    ]
    assert found.agrees is True


@pytest.mark.parametrize("asked", ["openai", "OpenAI"])
def test_a_provider_that_was_booked_under_two_spellings_is_compared_whole(asked: str) -> None:
    lines = [bought("acme", "10", model="gpt-4o", provider=name) for name in ("openai", "OpenAI")]
    late = bought("acme", "3", model="gpt-4o", provider="OPENAI", adjusts="2026-11")
    corrected = corrections([hour_at(NOVEMBER, late)], "2026-11")
    found = reconcile_provider(
        asked, [fact("gpt-4o", "23")], [hour_at(NOVEMBER, *lines)], corrected
    )
    [row] = found.rows
    assert row.difference == Money.of("3")  # 23 - (10 + 10)
    assert found.corrected == {"gpt-4o": Money.of("3").units}
    assert found.agrees is True  # the 3 were booked later


UNPRICED = Line(0, 5, unpriced=TokenCounts(input=900, output=100), unpriced_requests=5)


def unpriced(model: str) -> dict[LineKey, Line]:
    key = LineKey("globex", CostCategory.EXTERNAL_API, model=model, provider="openai")
    return {key: UNPRICED}


def test_what_is_billed_and_has_no_price_is_named_and_is_no_metered_zero() -> None:
    lines = [
        unpriced("gpt-new"),
        *(bought("acme", "6", model=model, provider="openai") for model in ("o3", "o4")),
        unpriced("o3"),  # of globex
        unpriced("o4"),
    ]
    facts = [fact("gpt-new", "10"), fact("o3", "8"), fact("o4", "5")]
    found = reconcile_provider("openai", facts, [hour_at(NOVEMBER, *lines)])
    assert [(row.model, row.metered, row.difference.plain(), row.cause) for row in found.rows] == [
        ("gpt-new", None, "10", "unpriced"),
        ("o3", Money.of("6"), "2", "partly unpriced"),
        ("o4", Money.of("6"), "-1", "residual"),  # 5 - 6: no missing price makes it less
    ]
    assert Money.sum(found.parts.values()) == found.billed - found.metered == Money.of("11")
    assert (found.unexplained, found.agrees) == (Money.of("13"), False)  # 10 + 2 + 1


def test_the_total_of_a_provider_is_unknown_where_nothing_metered_has_a_price() -> None:
    """gpt-new is billed 10 and gpt-5, which was not metered, 4: of both 0 would be wrong."""
    facts = [fact("gpt-new", "10"), fact("gpt-5", "4"), fact("", "1", "web search tool calls")]
    hours = [hour_at(NOVEMBER, unpriced("gpt-new"))]
    found = reconcile_provider("openai", facts, hours)
    assert (found.billed, found.metered) == (Money.of("15"), None)
    assert Money.sum(found.parts.values()) == Money.of("15")  # 10 + 4 + 1: all of it differs
    free = {key: Line(requests=1, tokens=TokenCounts(9)) for key in unpriced("gpt-free")}
    known = reconcile_provider("openai", facts, [*hours, hour_at(NOVEMBER, free)])
    assert known.metered == Money.zero()  # one has a price, and it is 0
    assert reconcile_provider("openai", facts, []).metered == Money.zero()


def test_a_price_that_came_after_the_month_was_closed_is_booked_later() -> None:
    """gpt-new is billed 10 and had no price; 9 of it were booked when it had one."""
    late = bought("globex", "9", model="gpt-new", provider="openai", adjusts="2026-11")
    corrected = corrections([hour_at(NOVEMBER + 40 * ONE_DAY, late)], "2026-11")
    hours = [hour_at(NOVEMBER, unpriced("gpt-new"))]
    found = reconcile_provider("openai", [fact("gpt-new", "10")], hours, corrected)
    assert {cause: usd.plain() for cause, usd in found.parts.items()} == {
        "unpriced": "1",
        "booked later": "9",
    }
    assert found.unexplained == Money.of("1")


def test_a_providers_days_do_not_make_up_for_one_another() -> None:
    hours = [
        hour_at(NOVEMBER, bought("acme", "480", model="gpt-4o", provider="openai")),
        hour_at(NOVEMBER + 24 * HOUR, bought("acme", "240", model="gpt-4o", provider="openai")),
    ]
    facts = [fact("gpt-4o", "240"), fact("gpt-4o", "480", day=DAY + timedelta(days=1))]
    found = reconcile_provider("openai", facts, hours)
    assert found.billed == found.metered == Money.of("720")
    assert found.unexplained == Money.of("480")  # |240 - 480| + |480 - 240|
    assert found.agrees is False


@for_all(
    facts=st.lists(
        st.builds(fact, st.sampled_from(("", "claude", "gpt")), USD.map(Money.plain)), max_size=5
    ),
    lines=LINE_MAPS,
    lacking=st.booleans(),
)
def test_a_providers_parts_sum_to_its_difference(facts, lines, lacking) -> None:
    lines |= unpriced("gpt") if lacking else {}
    found = reconcile_provider("openai", facts, [hour_at(NOVEMBER, lines)])
    known = found.metered or Money.zero()
    assert Money.sum(found.parts.values()) == found.billed - known
    assert found.billed == Money.sum(each.amount for each in facts)
    own = [
        line.usd
        for key, line in lines.items()
        if (key.provider, key.cluster, key.adjusts) == ("openai", "", "")
    ]
    assert known == Money.sum(own)
