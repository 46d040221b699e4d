"""The metered book against a provider's own bill, by day and model."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st

from bursar.domain.money import Money
from bursar.domain.periods import HOUR
from bursar.domain.reconciliation.provider_bill import reconcile_provider
from tests.unit.domain.reconciliation.sample_bills import (
    DAY,
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
)
def test_a_providers_parts_sum_to_its_difference(facts, lines) -> None:
    found = reconcile_provider("openai", facts, [hour_at(NOVEMBER, lines)])
    assert Money.sum(found.parts.values()) == found.billed - found.metered
    assert found.billed == Money.sum(each.amount for each in facts)
    own = [
        line.usd
        for key, line in lines.items()
        if (key.provider, key.cluster, key.adjusts) == ("openai", "", "")
    ]
    assert found.metered == Money.sum(own)
