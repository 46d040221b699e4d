"""The true cost, beside sums that fit on the back of an envelope."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bursar.domain.periods import Window
from bursar.local.scenario import Scenario, true_compute_by_node_group, true_cost, truth
from bursar.local.scenario.calendar import FOREVER
from bursar.local.scenario.fleet import Fleet
from bursar.local.scenario.machines import NodeGroup

START = datetime(2026, 7, 27, tzinfo=UTC)
NEAR = Decimal("1e-20")


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp())


def window(start: str, end: str) -> Window:
    return Window(datetime.fromisoformat(f"{start}+00:00"), datetime.fromisoformat(f"{end}+00:00"))


class FewPrices:
    """Spot at $2.00 until 11:00 and $3.00 from then on; a list price that falls at noon."""

    def spot_steps(self, instance_type: str, zone: str, start: int, end: int) -> Any:
        steps = [(seconds("2026-10-05 09:00"), Decimal(2)), (seconds("2026-10-05 11:00"), 3)]
        return [(at, Decimal(usd)) for at, usd in steps if at < end]

    def on_demand_steps(self, instance_type: str) -> Any:
        return [(0, Decimal("0.80")), (seconds("2026-10-05 12:00"), Decimal("0.60"))]


@dataclass
class SmallWorld:
    only: Fleet
    prices: FewPrices

    def fleet(self, cluster: str) -> Fleet:
        return self.only


@pytest.fixture
def world() -> SmallWorld:
    fleet = Fleet(1, "inference")
    spot = NodeGroup("spot", "g5.12xlarge", spot=True)
    public = NodeGroup("public", "g6.xlarge", public=True)
    fleet.add_node(
        spot, "us-east-1a", seconds("2026-10-05 10:15:30"), seconds("2026-10-05 12:00:00")
    )
    fleet.add_node(public, "us-east-1b", seconds("2026-10-05 11:30:00"), FOREVER)
    fleet.add_volume(
        ("io2", 100, 40_000, None),
        ("a", "b"),
        zone="us-east-1a",
        capacity="100Gi",
        storage_class="fast-io2",
        created=seconds("2026-10-31 12:00"),
    )
    fleet.add_balancer("a", "lb", seconds("2026-10-05 10:30"))
    return SmallWorld(fleet, FewPrices())


def test_nodes_are_billed_by_the_second_at_the_price_of_each_second(world: Any) -> None:
    told = true_compute_by_node_group(
        world, "inference", window("2026-10-05 10:00", "2026-10-05 13:00")
    )
    # 10:15:30 to 11:00 is 2,670 s at $2; an hour at $3
    assert abs(told["spot"] - (Decimal(2670) / 3600 * 2 + 3)) < NEAR
    # half an hour at $0.80, an hour at $0.60
    assert told["public"] == Decimal("1.00")
    cut = window("2026-10-05 11:00", "2026-10-05 11:20")
    assert true_compute_by_node_group(world, "inference", cut) == {"spot": Decimal(1)}


def test_addresses_balancers_and_the_cluster_are_billed_by_the_hour(world: Any) -> None:
    told = true_cost(world, "inference", window("2026-10-05 10:00", "2026-10-05 13:00"))
    assert told["network"] == Decimal("0.0075")  # 1.5 h at $0.005
    assert told["load_balancers"] == Decimal("0.05625")  # 2.5 h at $0.0225
    assert told["control_plane"] == Decimal("0.30")  # 3 h at $0.10
    assert told["storage"] == 0


def test_volumes_are_billed_by_the_real_hours_of_each_month(world: Any) -> None:
    told = true_cost(world, "inference", window("2026-10-31 00:00", "2026-11-02 00:00"))
    # 100 GiB at $0.125, 32,000 IOPS at $0.065, 8,000 at $0.0455
    monthly = Decimal("12.5") + Decimal(2080) + Decimal(364)
    # half a day of October's 31, a day of November's 30
    expected = monthly / 62 + monthly / 30
    assert abs(told["storage"] - expected) < NEAR


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return Scenario(start=START, seed=7, days=12)


def day(number: int) -> Window:
    start = START + timedelta(days=number)
    return Window(start, start + timedelta(days=1))


def test_extended_support_begins_on_its_day(scenario: Scenario) -> None:
    # Kubernetes 1.33 left standard support on 2026-07-29; 1.34 has not
    plane = [true_cost(scenario, "training", day(n))["control_plane"] for n in range(4)]
    assert plane == [Decimal("2.40"), Decimal("2.40"), Decimal("14.40"), Decimal("14.40")]
    assert true_cost(scenario, "inference", day(3))["control_plane"] == Decimal("2.40")


def test_the_volumes_of_a_day_in_july(scenario: Scenario) -> None:
    # postgres 2 x (200 x 0.125 + 4,000 x 0.065); qdrant 2 x (512 x 0.08 + 3,000 x 0.005
    # + 125 x 0.04); redis 20 x 0.08: a 31st of each
    monthly = Decimal(570) + Decimal("121.92") + Decimal("1.60")
    told = true_cost(scenario, "inference", day(0))["storage"]
    assert abs(told - monthly / 31) < NEAR


def test_a_released_volume_is_billed_until_it_is_deleted(scenario: Scenario) -> None:
    monthly = Decimal(570) + Decimal("121.92") + Decimal("1.60") + Decimal("81.92")
    told = true_cost(scenario, "inference", day(11))["storage"]
    assert abs(told - monthly / 31) < NEAR


def test_the_runaway_costs_three_machines_an_hour(scenario: Scenario) -> None:
    start = scenario.runaway_at.replace(minute=0) + timedelta(hours=1)
    told = true_compute_by_node_group(
        scenario, "training", Window(start, start + timedelta(hours=1))
    )
    assert told["gpu-p4d-research"] == Decimal("65.872926")


def test_days_add_up_to_the_whole(scenario: Scenario) -> None:
    whole = true_cost(scenario, "training", Window(START, scenario.end))
    days = [true_cost(scenario, "training", day(number)) for number in range(12)]
    for category, usd in whole.items():
        assert abs(sum(told[category] for told in days) - usd) < NEAR


def test_the_truth_shares_no_code_with_what_it_judges() -> None:
    tree = ast.parse(Path(truth.__file__).read_text(encoding="utf-8"))
    modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {name for name in modules if name.startswith(("bursar.jobs", "bursar.domain.c"))}
