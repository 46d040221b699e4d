"""A closed hour: rows that sum to what the cluster cost, and what nobody knows by name."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import strategies as st

from bursar.domain import prices
from bursar.domain.cluster.bases import Basis
from bursar.domain.cluster.costs import CostPolicy
from bursar.domain.cluster.hours import Category, RowKey
from bursar.domain.cluster.lifetimes import InstanceState
from bursar.domain.cluster.records import CapacityType
from bursar.domain.cluster.unowned import (
    IDLE,
    SHARED,
    UNALLOCATED,
)
from bursar.domain.money import Money
from bursar.domain.quality import Quality
from tests.unit.domain.cluster.closed_hours import (
    closed,
    of,
    unpriced,
)
from tests.unit.for_all import for_all
from tests.unit.sample_cluster import (
    GIB,
    REGION,
    ZONE,
    all_hour,
    at,
    node,
    pod,
    row,
    snapshot,
    when,
)


def test_a_node_at_1_006_for_27_minutes_costs_0_4527():
    states = (
        InstanceState("i-n1", "running", when(4)),
        InstanceState("i-n1", "terminated", when(31)),
    )
    costs = closed(all_hour([node()]), states=states)
    assert costs.total == of(costs, IDLE) == Money.of("0.4527")
    assert (costs.quality, costs.known_seconds) == (Quality.FINAL, 3600)


def test_a_pod_on_a_quarter_of_it_for_the_last_nine_minutes_costs_a_twelfth():
    # a quarter of the node for 9 of 27 minutes: 0.4527 / 12 = 0.037725
    states = (
        InstanceState("i-n1", "running", when(4)),
        InstanceState("i-n1", "terminated", when(31)),
    )
    costs = closed(all_hour([node()], [pod(started_at=at(22), finished_at=at(31))]), states=states)
    assert of(costs, "search") == Money.of("0.037725")
    assert of(costs, IDLE) == Money.of("0.414975")


def test_a_gpu_pod_on_a_node_that_lived_half_an_hour_pays_the_same_rate_as_on_a_whole_one():
    four = {"nvidia.com/gpu": 4}
    gpus = node(instance_type="g", accelerators=four)
    job = pod(cpu_milli=0, memory_bytes=0, accelerators=four)
    g = row(prices.on_demand(REGION, "g"), "5.672")
    whole_hour = of(closed(all_hour([gpus], [job]), g), "search")
    half = all_hour([gpus], [replace(job, started_at=at(30))])
    half_hour = of(closed(half, g, states=[InstanceState("i-n1", "running", when(30))]), "search")
    # 5.672 - 4 x 0.031611 - 16 x 0.004237
    assert whole_hour == Money.of("5.477764")
    assert half_hour == Money.of("2.738882")


def test_a_spot_discount_falls_on_gpu_cpu_and_memory_alike():
    spot = node(
        instance_type="g", capacity_type=CapacityType.SPOT, accelerators={"nvidia.com/gpu": 4}
    )
    listed = row(prices.on_demand(REGION, "g"), "5.672")
    found = row(prices.spot(REGION, "g", ZONE), "1.418")  # a quarter of it
    gpu = closed(all_hour([spot]), listed, found).by_category()[Category.GPU]
    assert gpu == Money.of("5.477764").times(Fraction(1, 4))


def test_mig_slices_pay_by_their_sevenths():
    gpu = node(
        instance_type="g",
        cpu_milli=0,
        memory_bytes=0,
        accelerators={"nvidia.com/mig-1g.10gb": 4, "nvidia.com/mig-3g.40gb": 1},
    )
    pods = [
        pod(name, cpu_milli=0, memory_bytes=0, namespace=name, accelerators={resource: 1})
        for name, resource in (
            ("one", "nvidia.com/mig-1g.10gb"),
            ("three", "nvidia.com/mig-3g.40gb"),
        )
    ]
    costs = closed(all_hour([gpu], pods), row(prices.on_demand(REGION, "g"), "7"))
    assert [of(costs, who).plain() for who in ("one", "three", IDLE)] == ["1", "3", "3"]


def test_a_pod_that_vanished_between_two_snapshots_pays_half_the_gap():
    # a quarter of 1.006 for 32.5 of 60 minutes
    shots = [snapshot(m, [node()], [pod()] if m <= 30 else []) for m in range(-5, 70, 5)]
    expected = Money.of("1.006").times(Fraction(65, 480))
    assert abs(of(closed(shots), "search").units - expected.units) <= 2  # two parts are rounded


def test_without_a_snapshot_the_hour_is_unknown_and_has_no_rows():
    costs = closed([])
    assert (costs.quality, costs.known_seconds, dict(costs.rows)) == (Quality.UNKNOWN, 0, {})


def test_with_a_gap_the_hour_is_estimated_and_only_what_is_known_is_paid():
    shots = [snapshot(m, [node()]) for m in range(-5, 35, 5)]  # nothing after 10:30
    costs = closed(shots)
    assert (costs.quality, costs.known_seconds) == (Quality.ESTIMATED, 1800)
    assert costs.total == Money.of("0.503")
    assert costs.unknown_seconds == 1800


def test_a_node_without_a_price_is_listed_and_not_zero():
    costs = closed(all_hour([node(), node("n2", instance_type=None)], [pod(on="n2")]))
    assert unpriced(costs) == {"n2": "the node has no instance type label"}
    assert (costs.quality, costs.total) == (Quality.ESTIMATED, Money.of("1.006"))


def test_a_node_without_capacity_is_paid_by_those_who_run_on_it():
    # cpu and memory were odd and read as 0: the whole price is one part
    costs = closed(all_hour([node(cpu_milli=0, memory_bytes=0)], [pod()]))
    assert (of(costs, "search"), of(costs, IDLE)) == (Money.of("1.006"), Money.zero())


def test_a_pod_whose_node_was_never_listed_is_named():
    costs = closed(all_hour([node()], [pod(on="ghost")]))
    assert unpriced(costs) == {"search/p1": "ran on node ghost, which was never listed"}
    assert costs.quality is Quality.ESTIMATED


def test_a_pod_stuck_on_a_node_that_ec2_ended_is_not_named():
    ended = InstanceState("i-n1", "terminated", when(-30))
    costs = closed(all_hour([node(), node("n2")], [pod()]), states=[ended])
    assert (unpriced(costs), costs.total) == ({}, Money.of("1.006"))


def test_two_nodes_that_had_one_name_are_both_paid():
    other = node(instance_id="i-other", created_at=at(30))
    shots = [snapshot(m, [node()]) for m in range(-5, 30, 5)]
    shots += [snapshot(m, [other]) for m in range(30, 70, 5)]
    # the first to 10:27:30, the second from 10:30: 57.5 minutes
    assert closed(shots).total == Money.of("1.006").times(Fraction(55, 120)) + Money.of("0.503")


def test_a_fargate_pod_pays_for_what_was_provisioned_and_leaves_nothing_idle():
    fargate = node(capacity_type=CapacityType.FARGATE, instance_type=None)
    rows = [
        row(prices.fargate(REGION, "vcpu-hour"), "0.04"),
        row(prices.fargate(REGION, "gib-hour"), "0.004"),
    ]
    # a quarter vCPU at 0.04 and half a GiB at 0.004
    quarter = pod(cpu_milli=250, memory_bytes=GIB // 2)
    costs = closed(all_hour([fargate], [quarter]), *rows)
    assert of(costs, "search") == costs.total == Money.of("0.012")
    assert unpriced(closed(all_hour([fargate], [quarter]))) == {
        "n1": "no Fargate price in eu-west-1"
    }


@pytest.mark.parametrize(
    ("how", "search", "shared"), [("none", "0.2515", "0.2515"), ("weighted", "0.503", "0")]
)
def test_kube_system_is_shared_as_the_policy_says(how, search, shared):
    pods = [pod(), pod("dns", namespace="kube-system")]
    costs = closed(all_hour([node()], pods), policy=CostPolicy(REGION, spread=how))
    assert [of(costs, who).plain() for who in ("search", SHARED)] == [search, shared]
    assert costs.total == Money.of("1.006")


def test_a_pod_without_a_model_label_is_unallocated_and_not_left_out():
    pods = [pod(), pod("p2", model="llama")]
    costs = closed(all_hour([node()], pods))
    assert {key.model for key in costs.rows if key.namespace == "search"} == {UNALLOCATED, "llama"}


def test_rows_say_where_a_pod_ran_and_under_which_labels():
    [key] = [
        key
        for key in closed(all_hour([node(node_group="gpu")], [pod(labels={"team": "a"})])).rows
        if key.namespace == "search"
    ]
    expected = RowKey("search", "p1", UNALLOCATED, "gpu", ZONE, (("team", "a"),))
    assert key == expected


drawn_nodes = st.lists(
    st.builds(
        dict,
        cpu_milli=st.sampled_from([0, 4_000, 96_000]),
        memory_bytes=st.sampled_from([0, 16 * GIB]),
        accelerators=st.sampled_from([{}, {"nvidia.com/gpu": 8}, {"nvidia.com/mig-1g.10gb": 7}]),
        created_at=st.integers(-600, 3_599).map(lambda s: at(0) + s),
    ),
    min_size=1,
    max_size=4,
)
drawn_pods = st.lists(
    st.builds(
        dict,
        on=st.sampled_from(["n0", "n1", "n2", "n3", None]),
        namespace=st.sampled_from(["search", "ads", "kube-system"]),
        cpu_milli=st.integers(0, 64_000),
        memory_bytes=st.integers(0, 64 * GIB),
        accelerators=st.sampled_from([{}, {"nvidia.com/gpu": 3}, {"nvidia.com/mig-1g.10gb": 1}]),
        started_at=st.integers(-600, 3_599).map(lambda s: at(0) + s),
    ),
    max_size=6,
)


@for_all(
    nodes=drawn_nodes,
    pods=drawn_pods,
    basis=st.sampled_from(Basis),
    spread=st.sampled_from(["none", "even", "weighted"]),
    usd=st.decimals("0.000000000001", "99.999999999999", places=12),
)
def test_the_rows_sum_to_what_the_nodes_cost_to_the_last_digit(nodes, pods, basis, spread, usd):
    listed = [node(f"n{number}", **each) for number, each in enumerate(nodes)]
    running = [pod(f"p{number}", **each) for number, each in enumerate(pods)]
    policy = CostPolicy(REGION, basis, spread=spread)
    costs = closed(all_hour(listed, running), m5=str(usd), policy=policy)
    lived = [at(60) - max(each.created_at, at(0)) for each in listed]
    expected = [Money.of(usd).times(Fraction(seconds, 3600)) for seconds in lived]
    assert costs.total == Money.sum(expected)
    assert all(amount >= Money.zero() for row in costs.rows.values() for amount in row.values())
    assert Money.sum(costs.by_category().values()) == costs.total
