"""The cost of one cluster over one closed hour (or the sum of a day's), part by part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from bursar.domain.cluster.bases import Basis
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.quality import Quality, worst


class Category(StrEnum):
    GPU = "gpu"
    CPU = "cpu"
    MEMORY = "memory"
    STORAGE = "storage"
    CONTROL_PLANE = "control_plane"
    LOAD_BALANCERS = "load_balancers"
    NETWORK = "network"
    RESERVATION = "reservation"


COMPUTE = (Category.GPU, Category.CPU, Category.MEMORY)

Amounts = Mapping[Category, Money]


class RowKey(NamedTuple):
    """Who a row of cost belongs to. Idle, shared and cluster-wide rows have a `__name__`.

    A tuple: hundreds of thousands are hashed to price one large cluster.
    """

    namespace: str
    workload: str = ""
    model: str = ""
    node_group: str = ""
    zone: str = ""
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Something that ran and has no price: listed, never counted as zero."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class HourCosts:
    """Parts that sum to the whole exactly.

    Snapshots cover `known_seconds` of the window; the rest is unknown, and not in the rows.
    """

    cluster: str
    window: Window
    quality: Quality
    known_seconds: int
    basis: Basis
    rows: Mapping[RowKey, Amounts]
    unpriced: tuple[Unpriced, ...] = ()
    as_of: int = field(default=0)  # epoch seconds of the last snapshot used

    @property
    def total(self) -> Money:
        return Money.sum(amount for row in self.rows.values() for amount in row.values())

    @property
    def unknown_seconds(self) -> int:
        return int(self.window.length.total_seconds()) - self.known_seconds

    def by_category(self) -> dict[Category, Money]:
        sums: dict[Category, Money] = {}
        for row in self.rows.values():
            for category, amount in row.items():
                sums[category] = sums.get(category, Money.zero()) + amount
        return sums


def add_up(window: Window, parts: Sequence[HourCosts]) -> HourCosts:
    """Sum closed hours (or days) of one cluster to the window that holds them.

    The sum is as good as its worst part. Parts of the window that were not closed do not make
    it worse: `unknown_seconds` counts them.

    Raises:
        ValueError: there are no parts, or they are of different clusters.
    """
    if not parts or len({part.cluster for part in parts}) != 1:
        raise ValueError("sum the hours of one cluster, and at least one")
    known = sum(part.known_seconds for part in parts)
    quality = worst(part.quality for part in parts)
    if quality is Quality.UNKNOWN and known:
        quality = Quality.ESTIMATED
    return HourCosts(
        cluster=parts[0].cluster,
        window=window,
        quality=quality,
        known_seconds=known,
        basis=parts[-1].basis,
        rows=sum_rows(part.rows for part in parts),
        unpriced=tuple(dict.fromkeys(item for part in parts for item in part.unpriced)),
        as_of=max(part.as_of for part in parts),
    )


def sum_rows(parts: Iterable[Mapping[RowKey, Amounts]]) -> dict[RowKey, Amounts]:
    sums: dict[RowKey, dict[Category, Money]] = {}
    for part in parts:
        for key, amounts in part.items():
            row = sums.setdefault(key, {})
            for category, amount in amounts.items():
                row[category] = row[category] + amount if category in row else amount
    return dict(sums)
