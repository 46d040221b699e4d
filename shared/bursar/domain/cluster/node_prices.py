"""What an hour of a node costs: by its own capacity type, in its own zone, or nothing at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bursar.domain import prices
from bursar.domain.cluster.records import CapacityType, Node
from bursar.domain.money import Money
from bursar.domain.prices import PriceKey, PriceRow

Prices = Mapping[PriceKey, PriceRow]


@dataclass(frozen=True, slots=True)
class NodePrice:
    """`usd_per_hour` is None when the node is unpriced, and `reason` says why."""

    usd_per_hour: Money | None
    source: str | None = None
    on_demand: Money | None = None
    reason: str | None = None


def price_keys(node: Node, region: str) -> list[PriceKey]:
    """The prices that `price_node` will look at."""
    if node.capacity_type is CapacityType.FARGATE:
        return [prices.fargate(region, measure, arm=node.arm) for measure in FARGATE_MEASURES]
    if not node.instance_type:
        return []
    if node.instance_type.startswith("ml."):
        return [prices.hyperpod(region, node.instance_type)]
    keys = [prices.on_demand(region, node.instance_type)]
    if node.capacity_type is CapacityType.SPOT and node.zone:
        keys.append(prices.spot(region, node.instance_type, node.zone))
    if node.auto_mode:
        keys.append(prices.auto_mode(region, node.instance_type))
    return keys


FARGATE_MEASURES = ("vcpu-hour", "gib-hour")


def keys_of(nodes: Iterable[Node], region: str) -> set[PriceKey]:
    return {key for node in nodes for key in price_keys(node, region)}


def price_node(node: Node, region: str, book: Prices) -> NodePrice:
    """Price one EC2 or HyperPod node. Fargate is priced by its pod instead.

    A spot node without a spot price is unpriced: its on-demand price would be an invention. So is
    a node of a Capacity Block: EC2 tells the fee of one that is for sale, and of an extension, but
    neither DescribeCapacityBlocks nor DescribeCapacityReservations tells that of one bought.
    """
    if not node.instance_type:
        return NodePrice(None, reason="the node has no instance type label")
    if node.instance_type.startswith("ml."):
        return _from_row(book.get(prices.hyperpod(region, node.instance_type)), node)
    listed = book.get(prices.on_demand(region, node.instance_type))
    on_demand = listed.usd if listed else None
    if node.capacity_type is CapacityType.CAPACITY_BLOCK and not is_manual(listed):
        return NodePrice(
            None, reason="a Capacity Block is paid in advance: give its price in prices.manual"
        )
    if node.capacity_type is CapacityType.SPOT and not is_manual(listed):
        if not node.zone:
            return NodePrice(None, reason="a spot node without a zone label has no spot price")
        row = book.get(prices.spot(region, node.instance_type, node.zone))
        if row is None:
            reason = f"no spot price for {node.instance_type} in {node.zone}"
            return NodePrice(None, on_demand=on_demand, reason=reason)
        return _with_fee(NodePrice(row.usd, row.source, on_demand), node, region, book)
    return _with_fee(_from_row(listed, node), node, region, book)


def _from_row(row: PriceRow | None, node: Node) -> NodePrice:
    if row is None:
        return NodePrice(None, reason=f"no price for {node.instance_type}")
    return NodePrice(row.usd, row.source, on_demand=row.usd)


def is_manual(row: PriceRow | None) -> bool:
    """A price that a person gave is what that machine costs, however it was bought."""
    return row is not None and row.source.startswith(("manual", "file"))


def _with_fee(price: NodePrice, node: Node, region: str, book: Prices) -> NodePrice:
    """EKS Auto Mode charges a fee for each instance-hour on top of the instance."""
    if not node.auto_mode or price.usd_per_hour is None or not node.instance_type:
        return price
    fee = book.get(prices.auto_mode(region, node.instance_type))
    if fee is None:
        reason = f"no EKS Auto Mode fee for {node.instance_type}"
        return NodePrice(None, on_demand=price.on_demand, reason=reason)
    return NodePrice(price.usd_per_hour + fee.usd, price.source, price.on_demand)
