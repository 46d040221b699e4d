"""A node's price in three parts, by a basis that is named."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import strategies as st

from bursar.domain.cluster.bases import Basis
from bursar.domain.cluster.components import GIB, split_node_price
from bursar.domain.money import Money
from tests.unit.for_all import for_all

P5 = {"devices": Fraction(8), "cpu_milli": 192_000, "memory_bytes": 2048 * GIB}
P5_PRICE = Money.of("55.04")


@pytest.mark.parametrize(
    ("basis", "percent"),
    [
        # 72 of 72 + 172.8 + 204.8
        (Basis.AWS_SPLIT, 16),
        # 7.60 of 7.60 + 6.07 + 8.68
        (Basis.OPENCOST, 34),
        # 55.04 - 6.07 - 8.68 = 40.29 of 55.04
        (Basis.RESIDUAL, 73),
    ],
)
def test_the_gpu_share_of_a_p5_48xlarge_depends_on_the_basis(basis, percent):
    gpu, cpu, memory = split_node_price(P5_PRICE, basis, **P5, usd_per_hour=P5_PRICE)
    assert round(100 * gpu / P5_PRICE.units) == percent
    assert gpu + cpu + memory == P5_PRICE.units


def test_the_residual_is_the_same_share_of_27_minutes_as_of_an_hour():
    part = P5_PRICE.times(Fraction(27, 60))
    hour = split_node_price(P5_PRICE, Basis.RESIDUAL, **P5, usd_per_hour=P5_PRICE)
    some = split_node_price(part, Basis.RESIDUAL, **P5, usd_per_hour=P5_PRICE)
    for whole, piece in zip(hour, some, strict=True):
        assert abs(piece - whole * Fraction(27, 60)) < 1


def test_a_spot_discount_falls_on_all_parts_alike():
    spot = P5_PRICE.times(Fraction(1, 4))
    parts = split_node_price(spot, Basis.RESIDUAL, **P5, usd_per_hour=P5_PRICE)
    assert round(100 * parts[0] / spot.units) == 73


def test_where_the_residual_leaves_nothing_for_the_gpu_opencost_ratios_serve():
    cheap = Money.of("10")  # less than the 14.75 of its CPU and memory
    residual = split_node_price(cheap, Basis.RESIDUAL, **P5, usd_per_hour=cheap)
    assert residual == split_node_price(cheap, Basis.OPENCOST, **P5, usd_per_hour=cheap)


def test_without_a_gpu_nothing_goes_to_it():
    usd = Money.of("0.2")
    for basis in Basis:
        gpu, cpu, memory = split_node_price(
            usd,
            basis,
            devices=Fraction(0),
            cpu_milli=4_000,
            memory_bytes=16 * GIB,
            usd_per_hour=usd,
        )
        assert (gpu, cpu + memory) == (0, usd.units)


@pytest.mark.parametrize(("cpu_milli", "memory_bytes"), [(0, 0), (-4_000, 0), (-1, -GIB)])
def test_a_node_that_does_not_say_what_it_is_goes_wholly_to_one_part(cpu_milli, memory_bytes):
    usd = Money.of("1.006")
    parts = split_node_price(
        usd,
        Basis.RESIDUAL,
        devices=Fraction(0),
        cpu_milli=cpu_milli,
        memory_bytes=memory_bytes,
        usd_per_hour=usd,
    )
    assert parts == (0, usd.units, 0)


@for_all(
    usd=st.integers(0, 10**15),
    basis=st.sampled_from(Basis),
    devices=st.fractions(0, 16, max_denominator=7),
    cpu_milli=st.integers(-1_000, 448_000),
    memory_bytes=st.integers(-1, 24_576 * GIB),
    usd_per_hour=st.integers(0, 10**15),
)
def test_the_parts_sum_to_what_the_node_cost_and_none_is_negative(
    usd: int, usd_per_hour: int, **what: object
):
    basis = what.pop("basis")
    parts = split_node_price(
        Money.from_units(usd),
        basis,  # type: ignore[arg-type]
        **what,  # type: ignore[arg-type]
        usd_per_hour=Money.from_units(usd_per_hour),
    )
    assert sum(parts) == usd
    assert min(parts) >= 0
