"""Costs by one dimension: nothing is lost, and what is nobody's keeps its name."""

from __future__ import annotations

import pytest

from bursar.domain.cluster.breakdowns import (
    Breakdown,
    BreakdownLine,
    UnknownBreakdownError,
    breakdown,
)
from bursar.domain.cluster.hours import Category, RowKey
from bursar.domain.cluster.unowned import CONTROL_PLANE, IDLE, RESERVED, SHARED, UNALLOCATED
from bursar.domain.money import Money
from tests.contract.closed_hours import closed

API = RowKey("search", "api", "llama", "gpu", "eu-west-1a", (("team", "search"),))
BATCH = RowKey("batch", "train", UNALLOCATED, "spot", "eu-west-1b", (("team", "ml"),))
DISK = RowKey("search", "db", UNALLOCATED, labels=())
ROWS = {
    API: {Category.GPU: "5", Category.CPU: "1.000000000001"},
    BATCH: {Category.GPU: "3"},
    DISK: {Category.STORAGE: "0.5"},
    RowKey(UNALLOCATED, "__released__", UNALLOCATED): {Category.STORAGE: "0.25"},
    RowKey(IDLE): {Category.GPU: "9", Category.MEMORY: "1"},
    RowKey(SHARED): {Category.CPU: "0.125"},
    RowKey(CONTROL_PLANE): {Category.CONTROL_PLANE: "0.1"},
    RowKey(RESERVED, "p5.48xlarge", zone="eu-west-1a"): {Category.RESERVATION: "55"},
}
PROD = closed(ROWS)
TEST = closed({API: {Category.GPU: "2"}}, cluster="test")
NOBODYS = {
    "__unused_reservations__": "55",
    "__idle__": "10",
    "__shared__": "0.125",
    "__control_plane__": "0.1",
}


def told(by: str, *parts) -> dict[str, str]:
    return {line.name: line.total.plain() for line in breakdown(parts, Breakdown.parse(by))}


@pytest.mark.parametrize(
    ("by", "named"),
    [
        # 6.000000000001 + 0.5 of the disk; the released volume has no namespace
        (
            "namespace",
            {"search": "6.500000000001", "batch": "3", "__unallocated__": "0.25"},
        ),
        (
            "workload",
            {
                "search/api": "6.000000000001",
                "batch/train": "3",
                "search/db": "0.5",
                "__unallocated__": "0.25",
            },
        ),
        # 3 + 0.5 + 0.25 carry no model
        ("model", {"llama": "6.000000000001", "__unallocated__": "3.75"}),
        ("node_group", {"gpu": "6.000000000001", "spot": "3", "__unallocated__": "0.75"}),
        (
            "zone",
            {"eu-west-1a": "6.000000000001", "eu-west-1b": "3", "__unallocated__": "0.75"},
        ),
        ("label:team", {"search": "6.000000000001", "ml": "3", "__unallocated__": "0.75"}),
        ("label:tenant", {"__unallocated__": "9.750000000001"}),
    ],
)
def test_each_row_is_under_its_name_and_what_is_nobodys_under_its_own(by, named):
    assert told(by, PROD) == named | NOBODYS


def test_a_category_is_summed_over_everybody():
    assert told("category", PROD) == {
        "reservation": "55",
        "gpu": "17",  # 5 + 3 + 9
        "cpu": "1.125000000001",
        "memory": "1",
        "storage": "0.75",
        "control_plane": "0.1",
    }


BREAKDOWNS = (
    *("namespace", "workload", "model", "node_group", "zone", "category"),
    *("label:team", "label:tenant"),
)


@pytest.mark.parametrize("by", BREAKDOWNS)
def test_every_breakdown_has_the_same_total_to_the_last_digit(by):
    lines = breakdown([PROD, TEST], Breakdown.parse(by))
    assert Money.sum(line.total for line in lines) == PROD.total + TEST.total
    assert (PROD.total + TEST.total).plain() == "76.975000000001"


def test_a_namespace_belongs_to_its_cluster_and_a_model_to_nobodys():
    namespaces = breakdown([PROD, TEST], Breakdown.parse("namespace"))
    found = {(line.name, line.cluster): line.total.plain() for line in namespaces}
    assert (found["search", "prod"], found["search", "test"]) == ("6.500000000001", "2")
    [llama] = [x for x in breakdown([PROD, TEST], Breakdown.parse("model")) if x.name == "llama"]
    assert (llama.cluster, llama.total.plain()) == (None, "8.000000000001")


def test_the_dearest_comes_first_and_what_is_nobodys_last():
    assert [line.name for line in breakdown([PROD], Breakdown.parse("namespace"))] == [
        *("search", "batch"),
        *("__unused_reservations__", "__idle__", "__unallocated__", "__shared__"),
        "__control_plane__",
    ]


def test_hours_of_the_same_row_add_up_by_category():
    [line] = breakdown([TEST, TEST], Breakdown.parse("workload"))
    assert line == BreakdownLine("search/api", "test", {Category.GPU: Money.of(4)})


def test_of_nothing_there_are_no_lines():
    assert breakdown([], Breakdown.parse("zone")) == []


@pytest.mark.parametrize("text", ["", "pod", "label", "label:", "Namespace"])
def test_what_costs_are_not_kept_by_is_refused(text):
    with pytest.raises(UnknownBreakdownError, match=r"namespace, workload, .*, label:NAME"):
        Breakdown.parse(text)


@pytest.mark.parametrize("by", BREAKDOWNS)
def test_a_breakdown_is_written_as_it_is_read(by):
    assert str(Breakdown.parse(by)) == by
