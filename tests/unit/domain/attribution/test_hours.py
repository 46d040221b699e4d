"""A statement of an hour: its total is its usage and its clusters, whatever the rules are."""

from __future__ import annotations

import pytest
from hypothesis import strategies as some

from bursar.domain.attribution.network import NetworkShare, split_by_bytes
from bursar.domain.cluster.hours import Category, RowKey
from bursar.domain.cluster.unowned import CONTROL_PLANE, IDLE, RESERVED, SHARED
from bursar.domain.ledger.entries import Leaf, LeafKey, Pricing
from bursar.domain.ledger.lines import CostCategory, Kind, Line
from bursar.domain.money import Money
from bursar.domain.quality import Quality
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.records import TokenSums
from tests.unit.domain.attribution.sample_hour import (
    NOON,
    attributed,
    bought,
    costs,
    gpu,
    policy,
    served,
    sums,
    used,
)
from tests.unit.for_all import for_all

names = some.sampled_from(["", "a", "b", "c"])
units = some.integers(0, 10**18)
row_keys = some.builds(
    RowKey,
    namespace=some.sampled_from(["web", "db", IDLE, SHARED, CONTROL_PLANE, "__unallocated__"]),
    workload=names,
    model=some.sampled_from(["", "m", "n", "__unallocated__"]),
    node_group=names,
    labels=some.sampled_from([(), (("team", "x"),), (("batch.kubernetes.io/job-name", "j"),)]),
)
rows = some.dictionaries(
    row_keys,
    some.dictionaries(
        some.sampled_from(Category), units.map(lambda n: Money.from_units(n).plain()), min_size=1
    ),
    max_size=8,
)


@some.composite
def leaves(draw):
    key = LeafKey(
        NOON,
        draw(some.sampled_from(["acme", "bolt", "core"])),
        draw(some.sampled_from(["m", "n", "gpt"])),
        feature=draw(names),
        pricing=draw(some.sampled_from(Pricing)),
        adjusts=draw(some.sampled_from(["", "2026-10"])),
        shadow=draw(some.sampled_from(["", "gateway"])),
    )
    paid = draw(some.integers(-(10**15), 10**15)) if key.pricing is Pricing.PRICED else 0
    least = -1 if key.adjusts else 0  # a close's corrections are signed
    tokens = TokenSums(
        input=draw(some.integers(least * 10**9, 10**9)), output=draw(some.integers(least * 99, 99))
    )
    requests = draw(some.integers(least * 9, 9))
    return key, Leaf(1, requests, tokens, ClassAmounts(output=paid))


rules = some.lists(
    some.sampled_from(
        [
            {"kind": "direct", "by": "label:team"},
            {"kind": "direct", "by": "namespace", "owners": {"web": "team=x"}},
            {"kind": "direct", "by": "tenant", "owners": {"acme": "team=x"}},
            {"kind": "proportional", "metric": "tokens", "within": ["model"]},
            {"kind": "proportional", "metric": "requests", "among": "team"},
            {"kind": "proportional", "metric": "cost", "where": {"kinds": ["idle", "shared"]}},
            {"kind": "fixed", "shares": {"team=x": "0.333", "tenant=acme": "0.333"}},
            {
                "kind": "activity",
                "drivers": [
                    {"name": "r", "metric": "requests", "usd": "0.37"},
                    {"name": "t", "counts": {"team=y": 7}, "usd": "3"},
                ],
            },
        ]
    ),
    max_size=5,
)


def _whole_is_kept(told, one, two, ordered) -> None:
    told = dict(told)
    clusters = [costs(one), costs(two, "other")]
    hour = attributed(told, *clusters, by=policy(*ordered, teams={"bolt": "y"}))
    usage = sum(leaf.amounts.units for key, leaf in told.items() if not key.shadow)
    total = Money.from_units(usage) + Money.sum(each.total for each in clusters)
    assert hour.statement.total == total
    lines = hour.statement.lines.values()
    mine = {key: leaf for key, leaf in told.items() if not key.shadow}
    assert sum(line.requests for line in lines) == sum(leaf.requests for leaf in mine.values())
    kinds = (
        counts for line in lines for counts in (line.tokens, line.unpriced, line.charged_before)
    )
    assert sum(counts.total for counts in kinds) == sum(
        leaf.tokens.total for leaf in mine.values()
    )


test_money_requests_and_tokens_are_all_there_whatever_the_rules = for_all(
    told=some.lists(leaves(), max_size=8), one=rows, two=rows, ordered=rules
)(_whole_is_kept)


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        (Category.GPU, "gpu_compute"),
        (Category.CPU, "cpu_compute"),
        (Category.MEMORY, "memory"),
        (Category.STORAGE, "storage"),
        (Category.LOAD_BALANCERS, "network"),
        (Category.NETWORK, "network"),
        (Category.CONTROL_PLANE, "infrastructure"),
        (Category.RESERVATION, "infrastructure"),
    ],
)
def test_every_category_of_a_cluster_has_its_cost_category(category, expected) -> None:
    hour = attributed({}, costs({RowKey("web"): {category: "1"}})).statement
    assert sums(hour, "category") == {expected: "1"}


def test_the_configuration_says_what_pods_are_spent_on() -> None:
    rows = {RowKey("etl-nightly"): {Category.CPU: "2", Category.STORAGE: "1"}}
    own = policy(categories=[{"where": {"namespaces": ["etl-*"]}, "category": "data_processing"}])
    hour = attributed({}, costs(rows), by=own).statement
    assert sums(hour, "category") == {"data_processing": "2", "storage": "1"}


def test_unused_reservations_are_idle() -> None:
    hour = attributed({}, costs({RowKey(RESERVED): {Category.RESERVATION: "9"}})).statement
    assert sums(hour, "tenant", "kind") == {("__idle__", "idle"): "9"}


def test_a_load_balancer_stays_with_its_services_namespace() -> None:
    rows = {RowKey("web", "front"): {Category.LOAD_BALANCERS: "0.0225"}}
    rule = {"kind": "direct", "by": "namespace"}
    hour = attributed({}, costs(rows), by=policy(rule)).statement
    assert sums(hour, "team", "category") == {("web", "network"): "0.0225"}


def test_shadow_usage_never_adds() -> None:
    leaves = bought("acme", "3") | bought("acme", "100", shadow="litellm")
    assert attributed(leaves).statement.total == Money.of(3)


def test_tokens_without_a_price_are_carried_and_the_hour_is_an_estimate() -> None:
    told = used("acme", (70, 30), model="new", provider="x", pricing=Pricing.UNPRICED)
    hour = attributed(told).statement
    [(key, line)] = hour.lines.items()
    assert (key.category, line.units, line.unpriced.total) == (CostCategory.EXTERNAL_API, 0, 100)
    assert hour.quality is Quality.ESTIMATED


def test_a_late_charge_keeps_the_month_that_it_adjusts() -> None:
    hour = attributed(bought("acme", "3", adjusts="2026-10")).statement
    assert [key.adjusts for key in hour.lines] == ["2026-10"]


def test_late_tokens_of_a_closed_months_own_model_were_charged_there_and_miss_no_price() -> None:
    pods = costs(gpu("s", "8", "llama"))
    late = served("acme", (700, 300), adjusts="2026-10")
    hour = attributed({**served("globex", (60, 40)), **late}, pods).statement
    by_tenant = {key.tenant: (key.adjusts, line) for key, line in hour.lines.items()}
    adjusts, line = by_tenant["acme"]
    assert (adjusts, line.units, line.charged_before.total) == ("2026-10", 0, 1000)
    assert (line.requests, line.priced_requests, line.unpriced.total) == (1, 0, 0)
    assert by_tenant["globex"][1].usd == Money.of("8")  # this hour's pods served only globex
    assert hour.quality is Quality.FINAL
    whole = sum(hour.lines.values(), Line())
    assert (whole.charged_before.total, whole.priced_requests) == (1000, 1)


def test_an_hour_is_as_good_as_its_worst_part_and_names_what_is_missing() -> None:
    final, half = costs(gpu("web", "1")), costs(gpu("web", "1"), "half", known_seconds=1800)
    assert attributed({}, final).statement.quality is Quality.FINAL
    hour = attributed(bought("a", "1"), final, half, missing=["gone"]).statement
    assert (hour.quality, hour.missing) == (Quality.ESTIMATED, ("gone", "half"))
    blind = attributed({}, missing=["gone"]).statement
    assert (blind.quality, blind.lines) == (Quality.UNKNOWN, {})


def test_an_hour_in_which_nothing_was_configured_or_used_is_known_to_be_nothing() -> None:
    hour = attributed().statement
    assert (hour.quality, hour.total) == (Quality.FINAL, Money.zero())


def test_transfer_is_split_by_measured_bytes_and_else_stays_one_row() -> None:
    ten = Money.of(10)
    assert split_by_bytes(ten, {"web": 300, "db": 100, "quiet": 0}) == (
        NetworkShare("db", Money.of("2.5"), measured=True),
        NetworkShare("web", Money.of("7.5"), measured=True),
    )
    unmeasured = (NetworkShare("__network__", ten, measured=False),)
    assert split_by_bytes(ten, {}) == split_by_bytes(ten, {"quiet": 0}) == unmeasured
    with pytest.raises(ValueError, match="below zero"):
        split_by_bytes(ten, {"web": -1})


def test_the_network_row_goes_to_those_who_sent_bytes_and_the_hour_keeps_its_total() -> None:
    network = RowKey("__network__")
    prod = costs({network: {Category.NETWORK: "0.10"}, **gpu("rag", "2")})
    other = costs({network: {Category.NETWORK: "0.05"}}, cluster="other")
    sent = {"prod": {"rag": 1, "web": 2}}
    hour = attributed({}, prod, other, sent_bytes=sent).statement
    lines = {
        (key.cluster, key.namespace, key.tenant, key.kind): line.usd.plain()
        for key, line in hour.lines.items()
        if key.category is CostCategory.NETWORK
    }
    assert lines == {
        ("prod", "rag", "__unattributed__", Kind.ALLOCATED): "0.033333333333",
        ("prod", "web", "__unattributed__", Kind.ALLOCATED): "0.066666666667",
        ("other", "__network__", "__shared__", Kind.SHARED): "0.05",  # not measured there
    }
    assert hour.total == Money.of("2.15")


def test_a_namespaces_share_of_the_network_follows_its_rules() -> None:
    rule = {"kind": "direct", "by": "namespace"}
    row = {RowKey("__network__"): {Category.NETWORK: "0.30"}}
    hour = attributed({}, costs(row), by=policy(rule), sent_bytes={"prod": {"rag": 1, "web": 2}})
    assert sums(hour.statement, "team") == {"rag": "0.1", "web": "0.2"}


def test_load_balancers_stay_with_their_services_whoever_sent_bytes() -> None:
    row = {RowKey("web", "ingress"): {Category.LOAD_BALANCERS: "0.02"}}
    hour = attributed({}, costs(row), sent_bytes={"prod": {"rag": 9}}).statement
    assert [key.namespace for key in hour.lines] == ["web"]


def test_served_tokens_are_not_unpriced() -> None:
    hour = attributed(served("acme"), costs(gpu("s", "8", "llama"))).statement
    assert (hour.quality, [line.unpriced.total for line in hour.lines.values()]) == (
        Quality.FINAL,
        [0],
    )
