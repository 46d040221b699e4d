"""What share of a node's accelerators one unit of a resource is."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import strategies as st

from bursar.domain.cluster.accelerators import NO_ACCELERATORS, accelerator_shares
from tests.unit.for_all import for_all

NAMES = [
    "nvidia.com/gpu", "nvidia.com/gpu.shared", "nvidia.com/mig-1g.10gb", "nvidia.com/mig-3g.40gb",
    "nvidia.com/mig-0g.1gb", "amd.com/gpu", "aws.amazon.com/neuron", "aws.amazon.com/neuroncore",
]  # fmt: skip


def shares_of(capacity: dict[str, int], devices: int | None = None) -> dict[str, Fraction]:
    shares = accelerator_shares(capacity, devices)
    return {name: Fraction(weight, shares.whole) for name, weight in shares.weights.items()}


def test_each_of_eight_gpus_is_an_eighth():
    shares = accelerator_shares({"nvidia.com/gpu": 8})
    assert shares.weight_of({"nvidia.com/gpu": 3}) * 8 == 3 * shares.whole
    assert shares.devices == 8


def test_four_mig_1g_and_a_mig_3g_share_one_gpu_in_sevenths():
    shares = shares_of({"nvidia.com/mig-1g.10gb": 4, "nvidia.com/mig-3g.40gb": 1})
    assert shares == {
        "nvidia.com/mig-1g.10gb": Fraction(1, 7),
        "nvidia.com/mig-3g.40gb": Fraction(3, 7),
    }


def test_a_whole_gpu_beside_one_in_slices_is_half_of_the_node():
    shares = shares_of({"nvidia.com/gpu": 1, "nvidia.com/mig-1g.10gb": 7})
    assert shares == {
        "nvidia.com/gpu": Fraction(1, 2),
        "nvidia.com/mig-1g.10gb": Fraction(1, 14),
    }


def test_time_slices_multiply_the_resource_and_not_the_device():
    shares = accelerator_shares({"nvidia.com/gpu.shared": 16}, devices=4)
    assert shares_of({"nvidia.com/gpu.shared": 16}, 4) == {
        "nvidia.com/gpu.shared": Fraction(1, 16)
    }
    assert shares.devices == 4


def test_neuron_names_are_views_of_the_same_chips():
    capacity = {
        "aws.amazon.com/neuron": 16,
        "aws.amazon.com/neurondevice": 16,
        "aws.amazon.com/neuroncore": 32,
    }
    assert shares_of(capacity) == {
        "aws.amazon.com/neuron": Fraction(1, 16),
        "aws.amazon.com/neurondevice": Fraction(1, 16),
        "aws.amazon.com/neuroncore": Fraction(1, 32),
    }
    assert accelerator_shares(capacity).devices == 16


def test_a_resource_that_the_node_does_not_have_weighs_nothing():
    shares = accelerator_shares({"nvidia.com/gpu": 8})
    assert shares.weight_of({"amd.com/gpu": 4}) == 0


@pytest.mark.parametrize("capacity", [{}, {"nvidia.com/gpu": 0}, {"nvidia.com/gpu": -3}])
def test_a_node_without_accelerators_has_none(capacity):
    assert accelerator_shares(capacity) == NO_ACCELERATORS


@for_all(
    capacity=st.dictionaries(st.sampled_from(NAMES), st.integers(1, 64), min_size=1),
    devices=st.none() | st.integers(1, 16),
)
def test_all_units_of_a_node_together_are_the_whole(capacity: dict[str, int], devices: int | None):
    shares = accelerator_shares(capacity, devices)
    views = {name for name in capacity if name.startswith("aws.amazon.com/neuron")}
    units = {name: count for name, count in capacity.items() if name not in views}
    if views:  # of several views of the same chips, one is asked for
        units[min(views)] = capacity[min(views)]
    assert shares.weight_of(units) == shares.whole
    assert shares.devices > 0
