"""What a cluster costs per hour now: allocated + idle + shared = compute."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from bursar.domain import prices
from bursar.domain.cluster.costs import CostPolicy
from bursar.domain.cluster.hours import Category
from bursar.domain.cluster.rates import ClusterRate, rate_now
from bursar.domain.cluster.records import CapacityType
from bursar.domain.cluster.storage import Described
from bursar.domain.money import Money
from bursar.domain.prices import VolumeMeasure
from bursar.domain.quality import Quality
from tests.unit.for_all import for_all
from tests.unit.sample_cluster import (
    GIB,
    REGION,
    TEN,
    at,
    book,
    inventory,
    node,
    pod,
    row,
    volume,
)

GP3 = row(prices.volume(REGION, "gp3", VolumeMeasure.SIZE), "0.072")


def rated(nodes=(), pods=(), *rows, policy=CostPolicy(REGION), **held) -> ClusterRate:  # noqa: B008
    return rate_now(inventory(nodes, **held), iter(pods), Described(), book(*rows), policy, TEN)


def allocated(rate: ClusterRate) -> Money:
    compute = (Category.GPU, Category.CPU, Category.MEMORY)
    return Money.sum(each.amounts.get(c, Money.zero()) for each in rate.workloads for c in compute)


def test_a_pod_on_a_quarter_of_a_node_costs_a_quarter_of_its_price_an_hour():
    rate = rated([node()], [pod()])
    [search] = rate.workloads
    assert (search.workload, search.pods, search.total) == ("p1", 1, Money.of("0.2515"))
    assert (rate.idle, rate.compute, rate.quality) == (
        Money.of("0.7545"),
        Money.of("1.006"),
        Quality.FINAL,
    )


def test_pods_of_one_workload_are_counted_and_summed_over_nodes():
    pods = [pod("a", workload="web"), pod("b", on="n2", workload="web")]
    [web] = rated([node(), node("n2", zone="eu-west-1b")], pods).workloads
    assert (web.pods, web.total) == (2, Money.of("0.503"))


def test_finished_and_pending_pods_cost_nothing_now():
    pods = [pod("done", finished_at=at(-5)), pod("waiting", on=None)]
    rate = rated([node()], pods)
    assert (rate.workloads, rate.idle) == ((), Money.of("1.006"))


def test_the_larger_of_request_and_use_is_paid():
    [busy] = rated([node()], [pod(cpu_used_milli=4_000, memory_used_bytes=16 * GIB)]).workloads
    assert busy.total == Money.of("1.006")
    [lazy] = rated([node()], [pod(cpu_used_milli=1, memory_used_bytes=1)]).workloads
    assert lazy.total == Money.of("0.2515")


def test_a_workload_on_an_unpriced_node_is_there_with_nothing():
    rate = rated([node(instance_type=None)], [pod()])
    assert [(each.workload, each.total) for each in rate.workloads] == [("p1", Money.zero())]
    assert [item.name for item in rate.unpriced] == ["n1"]
    assert (rate.quality, rate.nodes[0][1].usd_per_hour) == (Quality.ESTIMATED, None)


def test_a_pod_on_a_node_that_was_not_listed_is_named():
    rate = rated([node()], [pod(on="ghost")])
    assert [item.reason for item in rate.unpriced] == ["runs on node ghost, which was not listed"]


def test_shared_namespaces_are_apart_with_their_volumes():
    dns = pod("dns", namespace="kube-system", claims=("data",))
    pv = volume(claim_namespace="kube-system")
    rate = rated([node()], [dns], GP3, volumes=[pv])
    assert (rate.workloads, rate.shared) == ((), Money.of("0.2515"))
    assert rate.shared_storage == Money.of("0.01")
    assert rate.total == Money.of("1.016")


def test_an_empty_cluster_costs_nothing_and_says_so_finally():
    rate = rated()
    assert (rate.total, rate.quality, rate.workloads) == (Money.zero(), Quality.FINAL, ())


def test_a_fargate_node_has_the_price_of_its_pod():
    rows = [
        row(prices.fargate(REGION, "vcpu-hour", arm=True), "0.04"),
        row(prices.fargate(REGION, "gib-hour", arm=True), "0.004"),
    ]
    fargate = node(capacity_type=CapacityType.FARGATE, instance_type=None, arm=True)
    rate = rated([fargate], [pod()], *rows)  # 1 x 0.04 + 4 x 0.004
    assert rate.nodes[0][1].usd_per_hour == rate.total == Money.of("0.056")
    assert rate.idle == Money.zero()


@pytest.mark.parametrize("spread", ["none", "even", "weighted"])
@pytest.mark.parametrize("shared", [frozenset(), frozenset({"kube-system", "search"})])
def test_allocated_idle_and_shared_are_the_compute(spread, shared):
    pods = [pod(), pod("p2", namespace="ads"), pod("p3", namespace="kube-system")]
    policy = CostPolicy(REGION, shared_namespaces=shared, spread=spread)
    rate = rated([node()], pods, policy=policy)
    assert allocated(rate) + rate.idle + rate.shared == rate.compute == Money.of("1.006")


@for_all(
    requests=st.lists(
        st.tuples(
            st.sampled_from(["n1", "n2"]),
            st.sampled_from(["search", "ads", "kube-system"]),
            st.integers(0, 9_000),
            st.integers(0, 40 * GIB),
        ),
        max_size=8,
    )
)
def test_whatever_runs_the_parts_are_the_nodes(requests):
    pods = [
        pod(f"p{number}", on=on, namespace=space, cpu_milli=cpu, memory_bytes=memory)
        for number, (on, space, cpu, memory) in enumerate(requests)
    ]
    rate = rated([node(), node("n2")], pods)
    assert allocated(rate) + rate.idle + rate.shared == rate.compute == Money.of("2.012")
