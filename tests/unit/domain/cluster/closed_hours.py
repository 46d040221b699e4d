"""An hour of a cluster, closed: what its tests ask for, and of what."""

from __future__ import annotations

from collections.abc import Sequence

from bursar.domain import prices
from bursar.domain.cluster.closing import close, keys_needed
from bursar.domain.cluster.costs import CostPolicy
from bursar.domain.cluster.hours import HourCosts
from bursar.domain.cluster.integration import integrate
from bursar.domain.cluster.lifetimes import InstanceState
from bursar.domain.cluster.records import ClusterSnapshot
from bursar.domain.cluster.storage import Described
from bursar.domain.instance_types import CapacityReservation
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.prices import PriceRow, VolumeMeasure
from tests.unit.sample_cluster import (
    REGION,
    TEN_TO_ELEVEN,
    book,
    row,
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
