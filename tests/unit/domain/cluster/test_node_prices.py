"""What an hour of a node costs: its own capacity type, in its own zone, or nothing at all."""

from __future__ import annotations

import pytest

from bursar.domain import prices
from bursar.domain.cluster.node_prices import keys_of, price_node
from bursar.domain.cluster.records import CapacityType
from bursar.domain.money import Money
from tests.unit.sample_cluster import REGION, ZONE, book, node, row

SPOT = prices.spot(REGION, "m5.xlarge", ZONE)
FEE = prices.auto_mode(REGION, "m5.xlarge")


def priced(what, *rows, **listed):
    return price_node(what, REGION, book(*rows, **listed))


def test_an_on_demand_node_costs_the_list_price():
    found = priced(node())
    assert (found.usd_per_hour, found.source) == (Money.of("1.006"), "AWS Price List")


def test_a_spot_node_costs_the_spot_price_of_its_zone():
    found = priced(node(capacity_type=CapacityType.SPOT), row(SPOT, "0.3"))
    assert (found.usd_per_hour, found.on_demand) == (Money.of("0.3"), Money.of("1.006"))


@pytest.mark.parametrize(
    ("zone", "reason"),
    [("eu-west-1b", "no spot price for m5.xlarge in eu-west-1b"), (None, "without a zone label")],
)
def test_a_spot_node_without_a_spot_price_is_unpriced_and_not_on_demand(zone, reason):
    found = priced(node(capacity_type=CapacityType.SPOT, zone=zone), row(SPOT, "0.3"))
    assert found.usd_per_hour is None
    assert reason in (found.reason or "")


def test_a_node_without_an_instance_type_is_unpriced():
    found = priced(node(instance_type=None))
    assert (found.usd_per_hour, found.reason) == (None, "the node has no instance type label")


def test_a_type_without_a_price_is_unpriced():
    found = priced(node(), m5=None)
    assert (found.usd_per_hour, found.reason) == (None, "no price for m5.xlarge")


def test_a_capacity_block_costs_what_a_person_said_or_nothing_is_known():
    block = node(capacity_type=CapacityType.CAPACITY_BLOCK)
    assert priced(block).usd_per_hour is None
    own = row(prices.on_demand(REGION, "m5.xlarge"), "0.7", source="manual: ana")
    assert priced(block, own).usd_per_hour == Money.of("0.7")


def test_auto_mode_adds_its_fee_and_without_it_the_node_is_unpriced():
    auto = node(auto_mode=True)
    assert priced(auto, row(FEE, "0.12")).usd_per_hour == Money.of("1.126")
    assert priced(auto).reason == "no EKS Auto Mode fee for m5.xlarge"


def test_a_hyperpod_node_has_its_own_price_list():
    hyperpod = node(instance_type="ml.p5.48xlarge")
    found = priced(hyperpod, row(prices.hyperpod(REGION, "ml.p5.48xlarge"), "63.3"))
    assert found.usd_per_hour == Money.of("63.3")


@pytest.mark.parametrize(
    "what",
    [
        node(),
        node(capacity_type=CapacityType.SPOT, auto_mode=True),
        node(instance_type="ml.g5.xlarge"),
        node(capacity_type=CapacityType.FARGATE, instance_type=None),
        node(instance_type=None),
    ],
)
def test_the_prices_that_a_node_needs_are_the_ones_that_are_looked_at(what):
    looked_at: set[prices.PriceKey] = set()

    class Watched(dict):
        def get(self, key, default=None):
            looked_at.add(key)
            return super().get(key, default)

    price_node(what, REGION, Watched({key: row(key, "1") for key in keys_of([what], REGION)}))
    assert looked_at <= keys_of([what], REGION)
