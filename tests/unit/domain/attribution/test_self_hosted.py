"""What a token of a self-hosted model costs, and whose the pods' cost is."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from bursar.domain.attribution.rules import TokenWeights
from bursar.domain.attribution.self_hosted import ServingSeconds, token_weights
from bursar.domain.cluster.hours import Category, RowKey
from bursar.domain.cluster.unowned import IDLE, UNALLOCATED
from bursar.domain.ledger.lines import CostCategory, Line, LineKey
from bursar.domain.quality import Quality
from bursar.domain.usage.records import TokenCounts
from tests.unit.domain.attribution.sample_hour import (
    attributed,
    bought,
    costs,
    gpu,
    policy,
    served,
    sums,
)


def test_the_pods_cost_is_divided_by_tokens_served() -> None:
    leaves = served("acme", (600, 150)) | served("bolt", (200, 50))  # 750 and 250 tokens
    hour = attributed(leaves, costs(gpu("serving", "8", "llama"))).statement
    assert sums(hour, "tenant") == {"acme": "6", "bolt": "2"}
    assert sums(hour, "model", "cluster", "namespace") == {("llama", "prod", "serving"): "8"}


def test_features_and_keys_of_one_tenant_are_apart() -> None:
    leaves = served("acme", (3, 0), feature="chat", key="a") | served("acme", (1, 0), key="b")
    hour = attributed(leaves, costs(gpu("serving", "8", "llama"))).statement
    assert sums(hour, "feature", "key") == {("chat", "a"): "6", ("", "b"): "2"}


def test_parts_that_do_not_divide_still_sum_to_the_whole() -> None:
    leaves = served("a") | served("b") | served("c")
    hour = attributed(leaves, costs(gpu("serving", "0.000000000010", "llama"))).statement
    # 10 units by 1:1:1 is 4, 3, 3
    assert sorted(line.units for line in hour.lines.values()) == [3, 3, 4]


def test_output_weighs_what_the_configuration_says() -> None:
    leaves = served("reader", (900, 0)) | served("writer", (0, 100))
    weighted = policy(self_hosted={"weights": {"input": 1, "output": 9}})
    hour = attributed(leaves, costs(gpu("s", "8", "llama")), by=weighted).statement
    assert sums(hour, "tenant") == {"reader": "4", "writer": "4"}


def test_measured_seconds_weigh_when_nothing_is_configured() -> None:
    leaves = served("reader", (900, 0)) | served("writer", (0, 100))
    # 90 s of prefill for 900 tokens, 270 s of decode for 100: 1 to 3 of the whole
    tokens = TokenCounts(input=900, output=100)
    serving = {"llama": ServingSeconds(Fraction(90), Fraction(270), tokens)}
    hour = attributed(leaves, costs(gpu("s", "8", "llama")), serving=serving).statement
    assert sums(hour, "tenant") == {"reader": "2", "writer": "6"}
    paid = sum(hour.lines.values(), Line()).by_class
    assert (paid.input, paid.output) == (2 * 10**12, 6 * 10**12)


def test_the_classes_of_a_users_tokens_divide_each_category_to_the_last_digit() -> None:
    rows = {RowKey("s", "api", "llama"): {Category.GPU: "6", Category.CPU: "0.000000000001"}}
    tokens = TokenCounts(input=900, cached_input=300, output=100)
    # 60 s of prefill for 600 tokens that no cache answered, 90 s of decode: 2 to 3
    serving = {"llama": ServingSeconds(Fraction(60), Fraction(90), tokens)}
    [(key, leaf)] = served("acme", (900, 100)).items()
    hour = attributed({key: replace(leaf, tokens=tokens)}, costs(rows), serving=serving).statement
    for line in hour.lines.values():
        assert line.by_class.units == line.units
    paid = sum(hour.lines.values(), Line()).by_class
    assert (paid.input, paid.cached_input, paid.output) == (24 * 10**11, 0, 36 * 10**11 + 1)


def test_what_a_prefix_cache_answered_took_no_prefill() -> None:
    tokens = TokenCounts(input=1000, cached_input=800, output=50)
    measured = ServingSeconds(Fraction(20), Fraction(100), tokens)
    assert token_weights(None, measured) == (Fraction(20, 200), 0, Fraction(100, 50))
    configured = TokenWeights(output=4)  # type: ignore[arg-type]
    assert token_weights(configured, measured) == (1, 1, 4)
    assert token_weights(None, None) == (1, 1, 1)


def test_tokens_that_weigh_nothing_are_divided_as_tokens() -> None:
    weights = policy(self_hosted={"weights": {"input": 0, "cached_input": 0, "output": 1}})
    leaves = served("a", (30, 0)) | served("b", (10, 0))
    hour = attributed(leaves, costs(gpu("s", "8", "llama")), by=weights).statement
    assert sums(hour, "tenant") == {"a": "6", "b": "2"}


def test_requests_and_tokens_stand_once_however_many_categories_the_pods_have() -> None:
    rows = {RowKey("s", "api", "llama"): {Category.GPU: "6", Category.CPU: "2"}}
    hour = attributed(served("acme", (700, 300)), costs(rows)).statement
    total = sum(hour.lines.values(), Line())
    assert (total.requests, total.tokens.total, total.usd.plain()) == (1, 1000, "8")


def test_idle_of_a_node_group_goes_to_its_models_by_what_they_were_allocated() -> None:
    rows = {
        **gpu("s", "6", "llama", node_group="gpu"),
        **gpu("s", "2", "qwen", node_group="gpu"),
        **gpu("web", "5", UNALLOCATED, node_group="cpu"),
        RowKey(IDLE, node_group="gpu"): {Category.GPU: "4"},
        RowKey(IDLE, node_group="cpu"): {Category.CPU: "1"},
    }
    hour = attributed(served("acme"), costs(rows)).statement
    # 4 by 6:2; the idle of the other group is no model's; qwen served nothing
    assert sums(hour, "tenant", "model") == {
        ("acme", "llama"): "6",
        ("__idle__", "llama"): "3",
        ("__idle__", "qwen"): "3",  # 1 of the node group and 2 of its own pods
        ("__idle__", ""): "1",
        ("__unattributed__", ""): "5",
    }


def test_a_served_hour_without_tokens_is_idle_cost_of_that_model() -> None:
    hour = attributed({}, costs(gpu("s", "8", "llama"))).statement
    [(key, line)] = hour.lines.items()
    assert (key.tenant, key.model, key.kind, line.usd.plain()) == (
        "__idle__",
        "llama",
        "idle",
        "8",
    )


def test_tokens_without_pods_are_unpriced_and_shown() -> None:
    hour = attributed(served("acme", (70, 30)), costs(gpu("web", "1"))).statement
    key = LineKey("acme", CostCategory.GPU_COMPUTE, model="llama")
    unpriced = TokenCounts(input=70, output=30)
    assert hour.lines[key] == Line(0, 1, unpriced=unpriced, unpriced_requests=1)
    assert hour.quality is Quality.ESTIMATED


def test_usage_may_name_a_model_otherwise_than_its_pods() -> None:
    named = policy(self_hosted={"models": {"meta/llama-3": "llama"}})
    leaves = served("acme", model="meta/llama-3")
    hour = attributed(leaves, costs(gpu("s", "8", "llama")), by=named).statement
    assert sums(hour, "tenant", "model") == {("acme", "llama"): "8"}


def test_one_model_in_two_clusters_is_one_pool() -> None:
    leaves = served("acme", (3, 0)) | served("bolt", (1, 0))
    clusters = [costs(gpu("s", usd, "llama"), name) for name, usd in (("eu", "6"), ("us", "2"))]
    hour = attributed(leaves, *clusters).statement
    assert sums(hour, "tenant", "cluster") == {
        ("acme", "eu"): "4.5",
        ("bolt", "eu"): "1.5",
        ("acme", "us"): "1.5",
        ("bolt", "us"): "0.5",
    }


def test_a_training_job_of_a_model_is_not_paid_by_those_who_use_the_model() -> None:
    label = (("training.kubeflow.org/job-name", "tune"),)
    rows = {**gpu("s", "8", "llama"), **gpu("lab", "5", "llama", labels=label)}
    hour = attributed(served("acme"), costs(rows)).statement
    assert sums(hour, "tenant", "category") == {
        ("acme", "gpu_compute"): "8",
        ("__unattributed__", "training"): "5",
    }


def test_tokens_of_a_closed_month_take_no_part_of_this_hours_pods() -> None:
    late = served("acme", adjusts="2026-10")
    hour = attributed(served("bolt") | late, costs(gpu("s", "8", "llama"))).statement
    assert sums(hour, "tenant") == {"bolt": "8"}
    assert {key.adjusts for key in hour.lines if key.tenant == "acme"} == {"2026-10"}


def test_idle_around_a_models_training_is_not_idle_of_the_model() -> None:
    label = (("training.kubeflow.org/job-name", "tune"),)
    rows = {
        **gpu("s", "6", "llama", node_group="gpu"),
        **gpu("lab", "2", "llama", node_group="gpu", labels=label),
        RowKey(IDLE, node_group="gpu"): {Category.GPU: "4"},
    }
    hour = attributed(served("acme"), costs(rows)).statement
    assert {
        model: usd
        for (tenant, model), usd in sums(hour, "tenant", "model").items()
        if tenant == "__idle__"
    } == {"llama": "3", "": "1"}


def test_a_model_bought_from_an_api_is_no_pods() -> None:
    leaves = bought("acme", "3", model="llama") | served("bolt")
    hour = attributed(leaves, costs(gpu("s", "8", "llama"))).statement
    assert sums(hour, "tenant", "category") == {
        ("acme", "external_api"): "3",
        ("bolt", "gpu_compute"): "8",
    }
