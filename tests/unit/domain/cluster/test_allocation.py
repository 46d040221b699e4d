"""Who used a node, what of it was idle, and who carries what all share."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from bursar.domain.cluster.allocation import Allocation, allocate_node, spread_shared
from tests.unit.for_all import for_all

parts_of_three = st.lists(st.integers(0, 10**13), min_size=3, max_size=3)


def divided(price, capacity, uses) -> Allocation[str]:
    allocation = Allocation[str]()
    allocate_node(allocation, price, capacity, uses)
    return allocation


def test_a_quarter_used_is_a_quarter_paid_and_the_rest_is_idle():
    found = divided((0, 800, 400), [0, 4, 16], {"a": [0, 1, 4]})
    assert found.shares == {"a": [0, 200, 100]}
    assert found.idle == [0, 600, 300]


def test_users_of_more_than_there_is_share_the_whole_and_nothing_is_idle():
    found = divided((0, 900, 0), [0, 4, 0], {"a": [0, 4, 0], "b": [0, 8, 0]})
    assert found.shares == {"a": [0, 300, 0], "b": [0, 600, 0]}
    assert found.idle == [0, 0, 0]


def test_a_part_without_capacity_or_use_is_idle_whole():
    assert divided((5, 7, 9), [0, 0, 0], {}).idle == [5, 7, 9]


def test_a_part_without_capacity_goes_to_those_who_use_it():
    assert divided((0, 7, 0), [0, 0, 0], {"a": [0, 1, 0]}).shares == {"a": [0, 7, 0]}


@for_all(
    price=parts_of_three,
    capacity=parts_of_three,
    uses=st.dictionaries(st.sampled_from("abcdef"), parts_of_three),
)
def test_allocated_and_idle_are_the_node_whatever_was_used(price, capacity, uses):
    found = divided(tuple(price), capacity, uses)
    for component in range(3):
        allocated = [parts[component] for parts in found.shares.values()]
        assert sum(allocated) + found.idle[component] == price[component]
        assert min([*allocated, found.idle[component]]) >= 0


def cluster(**shares: list[int]) -> Allocation[str]:
    return Allocation(shares={name.replace("_", "/"): parts for name, parts in shares.items()})


def namespace(key: str) -> str:
    return key.partition("/")[0]


SHARED = frozenset({"system"})


def test_shared_compute_that_is_not_spread_stays_shared():
    allocation = cluster(a=[0, 300, 0], system_dns=[0, 40, 20])
    assert spread_shared(allocation, namespace, SHARED, "none") == [0, 40, 20]
    assert allocation.shares == {"a": [0, 300, 0]}


def test_even_gives_each_namespace_the_same_and_within_it_by_compute():
    # 60 to two namespaces: 30 for a alone, 30 for b by 100:200
    allocation = cluster(a_x=[0, 900, 0], b_y=[0, 100, 0], b_z=[0, 200, 0], system=[0, 60, 0])
    assert spread_shared(allocation, namespace, SHARED, "even") == [0, 0, 0]
    assert allocation.shares == {"a/x": [0, 930, 0], "b/y": [0, 110, 0], "b/z": [0, 220, 0]}


def test_weighted_goes_by_each_ones_own_compute():
    # 60 by 900:300 is 45 and 15
    allocation = cluster(a=[0, 900, 0], b=[0, 0, 300], system=[0, 60, 0])
    assert spread_shared(allocation, namespace, SHARED, "weighted") == [0, 0, 0]
    assert allocation.shares == {"a": [0, 945, 0], "b": [0, 15, 300]}


@pytest.mark.parametrize("how", ["even", "weighted"])
def test_where_everybody_is_shared_it_stays_shared(how):
    assert spread_shared(cluster(system=[1, 2, 3]), namespace, SHARED, how) == [1, 2, 3]


@for_all(
    shares=st.dictionaries(
        st.sampled_from(["a/x", "a/y", "b/x", "c/x", "system/dns", "system/cni"]), parts_of_three
    ),
    how=st.sampled_from(["none", "even", "weighted"]),
)
def test_spreading_moves_money_and_makes_none(shares, how):
    allocation = Allocation(shares={key: list(parts) for key, parts in shares.items()})
    left = spread_shared(allocation, namespace, SHARED, how)
    for component in range(3):
        before = sum(parts[component] for parts in shares.values())
        after = sum(parts[component] for parts in allocation.shares.values())
        assert after + left[component] == before
    for key, parts in allocation.shares.items():
        assert namespace(key) not in SHARED
        assert all(now >= was for now, was in zip(parts, shares[key], strict=True))
