"""What leaves hold beyond what was stated of them, whatever was made of it meanwhile."""

from __future__ import annotations

from collections.abc import Mapping

from bursar.domain.attribution.late_usage import late_usage, with_late_usage
from bursar.domain.attribution.rules import Attribution
from bursar.domain.ledger.entries import Leaf, LeafKey, Pricing
from bursar.domain.ledger.lines import CostCategory, Line, LineKey
from bursar.domain.money import Money
from bursar.domain.quality import Quality
from bursar.domain.usage.records import TokenCounts
from tests.unit.domain.attribution.sample_hour import (
    HOUR,
    attributed,
    bought,
    costs,
    gpu,
    policy,
    served,
    used,
)

GPT = LineKey("acme", CostCategory.EXTERNAL_API, model="gpt", provider="openai")
LLAMA = LineKey("acme", CostCategory.GPU_COMPUTE, model="llama")
PODS = costs(gpu("serving", "8", "llama") | gpu("__idle__", "2"))


def late(
    then: Mapping[LeafKey, Leaf],
    now: Mapping[LeafKey, Leaf],
    before: Attribution | None = None,
    after: Attribution | None = None,
) -> Mapping[LineKey, Line]:
    stated = attributed(then, PODS, by=before).statement
    return late_usage(HOUR, now, stated.lines, after or before or Attribution())


def test_what_was_stated_is_not_late_whatever_pods_and_rules_made_of_it() -> None:
    leaves = bought("acme", "1") | served("acme") | served("bolt", (0, 7))
    spreading = policy(
        {"kind": "proportional", "metric": "tokens", "where": {"kinds": ["idle"]}},
    )
    assert late(leaves, leaves) == {}
    assert late(leaves, leaves, spreading) == {}


def test_late_usage_costs_its_price_and_self_hosted_tokens_nothing_more() -> None:
    then = bought("acme", "1") | served("acme", (1000, 0))
    now = bought("acme", "3.5", (30, 5)) | served("acme", (1000, 50))
    assert late(then, now) == {
        GPT: Line(Money.of("2.5").units, tokens=TokenCounts(input=20)),
        LLAMA: Line(charged_before=TokenCounts(output=50)),
    }


def test_late_usage_is_its_teams_of_now_and_what_was_stated_stays_with_the_old_one() -> None:
    search, ads = (Attribution(teams={"acme": team}) for team in ("search", "ads"))
    then, now = bought("acme", "1"), bought("acme", "1.25")
    assert late(then, then, search, ads) == {}
    [(key, line)] = late(then, now, search, ads).items()
    assert (key, line.usd) == (GPT._replace(team="ads"), Money.of("0.25"))


def test_a_rule_gives_late_usage_its_team() -> None:
    rule = policy({"kind": "direct", "by": "tenant", "owners": {"acme": "team=search"}})
    assert late({}, bought("acme", "1"), rule).keys() == {GPT._replace(team="search")}


def test_adjustments_of_other_months_and_shadows_are_no_late_usage() -> None:
    other = bought("acme", "5", adjusts="2026-10") | bought("acme", "7", shadow="bedrock")
    assert late({}, other) == {}


def test_late_usage_without_a_price_makes_an_estimate_of_the_hour() -> None:
    stated = attributed(bought("acme", "1"), PODS).statement
    unknown = used("acme", (9, 0), model="mystery", pricing=Pricing.UNPRICED)
    anew = with_late_usage(stated, bought("acme", "1") | unknown, Attribution())
    assert (stated.quality, anew.quality) == (Quality.FINAL, Quality.ESTIMATED)
    assert anew.total == stated.total
    mystery = anew.lines[LineKey("acme", CostCategory.EXTERNAL_API, model="mystery")]
    assert mystery == Line(requests=1, unpriced=TokenCounts(input=9), unpriced_requests=1)
