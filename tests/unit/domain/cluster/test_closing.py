"""A closed hour: rows that sum to what the cluster cost, and what nobody knows by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import strategies as st

from bursar.domain import prices
from bursar.domain.cluster.bases import Basis
from bursar.domain.cluster.closing import close, keys_needed
from bursar.domain.cluster.costs import CostPolicy
from bursar.domain.cluster.hours import Category, HourCosts, RowKey
from bursar.domain.cluster.integration import integrate
from bursar.domain.cluster.lifetimes import InstanceState
from bursar.domain.cluster.records import CapacityType, ClusterSnapshot, LoadBalancer
from bursar.domain.cluster.storage import Described, VolumeSpec
from bursar.domain.cluster.unowned import (
    CONTROL_PLANE,
    IDLE,
    NETWORK,
    RESERVED,
    SHARED,
    UNALLOCATED,
)
from bursar.domain.instance_types import CapacityReservation
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, Window
from bursar.domain.prices import PriceRow, VolumeMeasure
from bursar.domain.quality import Quality
from tests.unit.for_all import for_all
from tests.unit.sample_cluster import (
    GIB,
    REGION,
    TEN_TO_ELEVEN,
    ZONE,
    all_hour,
    at,
    book,
    node,
    pod,
    row,
    snapshot,
    volume,
    when,
)

POLICY = CostPolicy(REGION)
UNTYPED = {"class_parameters": {}}
NOTHING = Described()
GP3 = row(prices.volume(REGION, "gp3", VolumeMeasure.SIZE), "0.072")
NLB = row(prices.load_balancer(REGION, "network"), "0.0225")
STANDARD = row(prices.control_plane(REGION), "0.10")
EXTENDED = row(prices.control_plane(REGION, extended_support=True), "0.60")
IPV4 = row(prices.public_ipv4(REGION), "0.005")


def closed(
    shots: list[ClusterSnapshot],
    *rows: PriceRow,
    m5: str = "1.006",
    policy: CostPolicy = POLICY,
    states: Sequence[InstanceState] = (),
    described: Described = NOTHING,
    reserved: Sequence[CapacityReservation] = (),
    window: Window = TEN_TO_ELEVEN,
) -> HourCosts:
    """Close the hour; of the book only what `keys_needed` names is known."""

    def states_of(wanted):
        return {each: [s for s in states if s.instance_id == each] for each in wanted}

    time = integrate(window, shots, states_of)
    needed = keys_needed(time, described, reserved, REGION)
    known = {key: row for key, row in book(*rows, m5=m5).items() if key in needed}
    return close("prod", window, time, described, known, policy, reserved)


def of(costs: HourCosts, namespace: str) -> Money:
    rows = (row for key, row in costs.rows.items() if key.namespace == namespace)
    return Money.sum(amount for row in rows for amount in row.values())


def unpriced(costs: HourCosts) -> dict[str, str]:
    return {item.name: item.reason for item in costs.unpriced}


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


# --- what a cluster costs beside its nodes -------------------------------------------------


def test_idle_compute_is_kept_apart_by_the_node_group_that_lay_idle():
    nodes = [node("n1", node_group="gpu"), node("n2", node_group="cpu"), node("n3")]
    idle = {
        key.node_group: Money.sum(amounts.values())
        for key, amounts in closed(all_hour(nodes)).rows.items()
        if key.namespace == IDLE
    }
    assert idle == dict.fromkeys(("gpu", "cpu", ""), Money.of("1.006"))


def test_a_volume_costs_its_share_of_the_month_and_belongs_to_who_mounts_it():
    # 100 GiB at 0.072 are 7.20 in a November of 720 hours
    costs = closed(
        all_hour([node()], [pod(claims=("data",), model="llama")], volumes=[volume()]), GP3
    )
    assert costs.rows[RowKey("search", "p1", "llama")][Category.STORAGE] == Money.of("0.01")


def test_ec2_knows_better_than_the_storage_class():
    bigger = VolumeSpec("vol-pv1", "gp3", 200)
    costs = closed(all_hour(volumes=[volume()]), GP3, described=Described({"vol-pv1": bigger}))
    assert costs.total == Money.of("0.02")


def test_a_magnetic_volume_keeps_its_price_and_its_requests_are_said_to_be_missing():
    costs = closed(
        all_hour(volumes=[volume()]),
        row(prices.volume(REGION, "standard", VolumeMeasure.SIZE), "0.072"),
        described=Described({"vol-pv1": VolumeSpec("vol-pv1", "standard", 100)}),
    )
    assert (costs.total, costs.quality) == (Money.of("0.01"), Quality.ESTIMATED)
    assert unpriced(costs) == {"pv1 I/O requests": "EC2 does not say how many there were"}


def test_a_volume_without_an_id_is_priced_as_its_class_asked():
    assert closed(all_hour(volumes=[volume(volume_id=None)]), GP3).total == Money.of("0.01")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (UNTYPED, "volume vol-pv1: its type is not known"),
        (UNTYPED | {"volume_id": None}, "volume without an id: its type is not known"),
        ({"capacity_bytes": 0}, "volume vol-pv1: its size is not known"),
        ({"capacity_bytes": -GIB}, "volume vol-pv1: its size is not known"),
        ({"driver": "efs.csi.aws.com"}, "efs.csi.aws.com is not billed by its claimed size"),
        ({"driver": None}, "a volume without a driver is not billed by its claimed size"),
        ({"class_parameters": {"type": "io9"}}, "no price for AmazonEBS eu-west-1 io9:gib-month"),
    ],
)
def test_a_volume_that_nobody_can_price_is_listed(changes, reason):
    costs = closed(all_hour(volumes=[volume(**changes)]), GP3)
    assert (unpriced(costs), costs.total) == ({"pv1": reason}, Money.zero())


def test_odd_numbers_in_a_storage_class_are_not_read():
    odd = volume(class_parameters={"type": "gp3", "iops": "²", "throughput": "many"})
    assert closed(all_hour(volumes=[odd]), GP3).total == Money.of("0.01")


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"phase": "Released"}, RowKey(UNALLOCATED, "__released__", UNALLOCATED)),
        ({"phase": "Available"}, RowKey(UNALLOCATED, "__available__", UNALLOCATED)),
        ({}, RowKey("search", "__unmounted__", UNALLOCATED)),
    ],
)
def test_a_volume_that_nobody_mounts_is_still_paid(changes, key):
    costs = closed(all_hour(volumes=[volume(**changes)]), GP3)
    assert costs.rows == {key: {Category.STORAGE: Money.of("0.01")}}


def test_a_claim_of_several_workloads_belongs_to_the_first_by_name():
    pods = [pod("zeta", claims=("data",)), pod("alpha", claims=("data",))]
    costs = closed(all_hour([node()], pods, volumes=[volume()]), GP3)
    storage = [key.workload for key, row in costs.rows.items() if Category.STORAGE in row]
    assert storage == ["alpha"]


def test_a_load_balancer_belongs_to_its_service():
    front = [LoadBalancer("search", "front", "network"), LoadBalancer("ads", "old", "classic")]
    costs = closed(all_hour(load_balancers=front), NLB)
    assert costs.rows == {
        RowKey("search", "front", UNALLOCATED): {Category.LOAD_BALANCERS: Money.of("0.0225")}
    }
    assert unpriced(costs) == {"ads/old": "no price for a classic load balancer"}


@pytest.mark.parametrize(
    ("version", "month", "day", "usd"),
    [
        # the standard support of 1.33 ended on 29 July 2026, that of 1.34 ends on 2 December
        ("1.33", 7, 28, "0.1"),
        ("1.33", 7, 29, "0.6"),
        ("1.34", 12, 1, "0.1"),
        ("1.34", 12, 2, "0.6"),
    ],
)
def test_the_control_plane_costs_by_its_version_and_the_day(version, month, day, usd):
    start = datetime(2026, month, day, 10, tzinfo=UTC)
    away = int((start - TEN_TO_ELEVEN.start).total_seconds() // 60)
    shots = [snapshot(away + m, version=version, is_eks=True) for m in range(-5, 70, 5)]
    costs = closed(shots, STANDARD, EXTENDED, window=Window(start, start + HOUR))
    assert costs.rows == {RowKey(CONTROL_PLANE): {Category.CONTROL_PLANE: Money.of(usd)}}


def test_an_unknown_version_has_no_price_until_a_person_says_its_support():
    shots = all_hour(version="9.99", is_eks=True)
    assert "set `support`" in unpriced(closed(shots, STANDARD, EXTENDED))[CONTROL_PLANE]
    told = CostPolicy(REGION, extended_support=True)
    assert closed(shots, STANDARD, EXTENDED, policy=told).total == Money.of("0.6")


def test_a_cluster_that_is_not_eks_has_no_control_plane_to_pay():
    assert closed(all_hour(), STANDARD, EXTENDED).total == Money.zero()


def test_each_node_with_a_public_address_pays_for_it():
    nodes = [node(has_public_ip=True), node("n2", has_public_ip=True), node("n3")]
    costs = closed(all_hour(nodes), IPV4)
    assert costs.rows[RowKey(NETWORK)] == {Category.NETWORK: Money.of("0.01")}
    assert NETWORK in unpriced(closed(all_hour(nodes)))


def test_what_was_reserved_and_not_used_is_paid():
    reserved = [CapacityReservation("cr-1", "m5.xlarge", ZONE, 5, 2, False, "111122223333")]
    costs = closed(all_hour(), reserved=reserved)
    assert of(costs, RESERVED) == Money.of("2.012")


def test_lists_that_were_not_served_make_an_hour_estimated_and_are_named():
    costs = closed(all_hour([node()], not_served=("persistentvolumes", "metrics")))
    assert unpriced(costs) == {
        "persistentvolumes": "the list was not served: what volumes cost is unknown"
    }
    assert costs.quality is Quality.ESTIMATED


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
