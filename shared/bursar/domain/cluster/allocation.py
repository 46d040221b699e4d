"""Who used a node, and what of it nobody used.

All arithmetic is in whole numbers (10^-12 USD; resource x seconds), so that the parts sum
to the node's price exactly, for an instant (seconds = 1) and for an hour alike.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from bursar.domain.money import split_units

K = TypeVar("K", bound=Hashable)

Parts = list[int]  # GPU, CPU, memory: of a price, of a capacity, or of somebody's use
Spread = Literal["none", "even", "weighted"]


@dataclass(slots=True)
class Allocation(Generic[K]):
    """10^-12 USD by whose it is, and what was idle."""

    shares: dict[K, Parts] = field(default_factory=dict)
    idle: Parts = field(default_factory=lambda: [0, 0, 0])

    def of(self, key: K) -> Parts:
        """The sums of one, to be added to."""
        row = self.shares.get(key)
        if row is None:
            row = self.shares[key] = [0, 0, 0]
        return row

    def add(self, key: K, component: int, units: int) -> None:
        self.of(key)[component] += units


def allocate_node(
    into: Allocation[K], price: tuple[int, int, int], capacity: Parts, uses: Mapping[K, Parts]
) -> Parts:
    """Divide one node's price parts by use; what is left of the capacity is idle, and returned.

    Where more is used than there is (overcommitted by usage), the users share the whole in
    proportion and nothing is idle. A part without capacity or use is idle whole.
    """
    sums = [into.of(key) for key in uses]
    left = [0, 0, 0]
    for component, units in enumerate(price):
        if not units:
            continue
        used = [parts[component] for parts in uses.values()]
        free = max(capacity[component] - sum(used), 0)
        if not free and not any(used):
            free = 1
        *shares, idle = split_units(units, [*used, free])
        left[component] = idle
        into.idle[component] += idle
        for row, share in zip(sums, shares, strict=True):
            row[component] += share
    return left


def spread_shared(
    allocation: Allocation[K],
    namespace_of: Callable[[K], str],
    shared: frozenset[str],
    how: Spread,
) -> Parts:
    """Take shared namespaces' compute out of the allocation and give it to the others.

    `even` gives each other namespace the same, `weighted` in proportion to its own compute;
    within a namespace it goes by compute. Returns what stays shared: all of it with `none`,
    or when there is nobody else.
    """
    pooled = [0, 0, 0]
    for key in [key for key in allocation.shares if namespace_of(key) in shared]:
        for component, units in enumerate(allocation.shares.pop(key)):
            pooled[component] += units
    others = {key: sum(parts) for key, parts in allocation.shares.items() if sum(parts)}
    if how == "none" or not others:
        return pooled
    weights = list(others.values())
    if how == "even":
        totals: dict[str, int] = {}
        for key, units in others.items():
            totals[namespace_of(key)] = totals.get(namespace_of(key), 0) + units
        common = 10**18  # weights are whole numbers: a namespace's share to 18 digits
        weights = [units * common // totals[namespace_of(key)] for key, units in others.items()]
    for component, units in enumerate(pooled):
        for key, share in zip(others, split_units(units, weights) if units else (), strict=False):
            allocation.add(key, component, share)
    return [0, 0, 0]
