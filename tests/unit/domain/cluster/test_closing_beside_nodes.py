"""A closed hour: what a cluster costs beside its nodes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bursar.domain import prices
from bursar.domain.cluster.costs import CostPolicy
from bursar.domain.cluster.hours import Category, RowKey
from bursar.domain.cluster.records import LoadBalancer
from bursar.domain.cluster.storage import Described, VolumeSpec
from bursar.domain.cluster.unowned import (
    CONTROL_PLANE,
    IDLE,
    NETWORK,
    RESERVED,
    UNALLOCATED,
)
from bursar.domain.instance_types import CapacityReservation
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, Window
from bursar.domain.prices import VolumeMeasure
from bursar.domain.quality import Quality
from tests.unit.domain.cluster.closed_hours import (
    EXTENDED,
    GP3,
    IPV4,
    NLB,
    STANDARD,
    UNTYPED,
    closed,
    of,
    unpriced,
)
from tests.unit.sample_cluster import (
    GIB,
    REGION,
    TEN_TO_ELEVEN,
    ZONE,
    all_hour,
    node,
    pod,
    row,
    snapshot,
    volume,
)


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
