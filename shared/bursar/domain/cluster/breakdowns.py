"""Closed costs by one dimension: whichever is chosen, the lines sum to the same total exactly."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bursar.domain.cluster.hours import Amounts, Category, HourCosts, RowKey
from bursar.domain.cluster.unowned import UNALLOCATED
from bursar.domain.money import Money

_RESERVED = "__"  # Kubernetes allows it at the start of no name and of no label's value
_LABEL = "label:"


class CostDimension(StrEnum):
    NAMESPACE = "namespace"
    WORKLOAD = "workload"
    MODEL = "model"
    NODE_GROUP = "node_group"
    ZONE = "zone"
    CATEGORY = "category"
    LABEL = "label"


class UnknownBreakdownError(ValueError):
    """Costs were to be broken down by something that they are not kept by."""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """What costs are broken down by; `label` is the pod label's name, where it is one."""

    dimension: CostDimension
    label: str = ""

    @classmethod
    def parse(cls, text: str) -> Breakdown:
        """Read `namespace`, ..., or `label:team`.

        Raises:
            UnknownBreakdownError: it is none of these.
        """
        if label := text.removeprefix(_LABEL) if text.startswith(_LABEL) else "":
            return cls(CostDimension.LABEL, label)
        plain = [each for each in CostDimension if each is not CostDimension.LABEL]
        if text not in plain:
            choices = ", ".join([*plain, f"{_LABEL}NAME"])
            raise UnknownBreakdownError(f"{text!r} is not one of {choices}")
        return cls(CostDimension(text))

    def __str__(self) -> str:
        return f"{_LABEL}{self.label}" if self.label else self.dimension.value


@dataclass(frozen=True, slots=True)
class BreakdownLine:
    """One name's cost. `cluster` tells two clusters' namespaces, and all within them, apart."""

    name: str
    cluster: str | None
    amounts: Amounts

    @property
    def total(self) -> Money:
        return Money.sum(self.amounts.values())

    @property
    def is_nobodys(self) -> bool:
        """Idle, shared, cluster-wide or unallocated: no namespace, model, ... of that name."""
        return bool(re.match(_RESERVED, self.name))


def breakdown(parts: Sequence[HourCosts], by: Breakdown) -> list[BreakdownLine]:
    """Sum closed hours or days by name: the dearest first, then what is nobody's.

    Rows without the label (model, zone, ...) are `__unallocated__`; idle, shared and
    cluster-wide rows keep their own `__name__`.
    """
    sums: dict[tuple[str, str | None], dict[Category, Money]] = {}
    for part in parts:
        cluster = part.cluster if by.dimension in _OF_ONE_CLUSTER else None
        for key, amounts in part.rows.items():
            for category, amount in amounts.items():
                name = _name(key, category, by)
                line = sums.setdefault((name, cluster), {})
                line[category] = line.get(category, Money.zero()) + amount
    lines = [BreakdownLine(name, home, _in_order(each)) for (name, home), each in sums.items()]
    return sorted(
        lines,
        key=lambda line: (line.is_nobodys, -line.total.amount, line.name, line.cluster or ""),
    )


_OF_ONE_CLUSTER = frozenset(
    {CostDimension.NAMESPACE, CostDimension.WORKLOAD, CostDimension.NODE_GROUP}
)


def _name(key: RowKey, category: Category, by: Breakdown) -> str:
    if by.dimension is CostDimension.CATEGORY:
        return category.value
    if key.namespace.startswith(_RESERVED):
        return key.namespace
    if by.dimension is CostDimension.LABEL:
        return dict(key.labels).get(by.label) or UNALLOCATED
    return _NAMES[by.dimension](key) or UNALLOCATED


_NAMES: Mapping[CostDimension, Callable[[RowKey], str]] = {
    CostDimension.NAMESPACE: lambda key: key.namespace,
    CostDimension.WORKLOAD: lambda key: f"{key.namespace}/{key.workload}" if key.workload else "",
    CostDimension.MODEL: lambda key: key.model,
    CostDimension.NODE_GROUP: lambda key: key.node_group,
    CostDimension.ZONE: lambda key: key.zone,
}


def _in_order(amounts: Mapping[Category, Money]) -> Amounts:
    return {category: amounts[category] for category in Category if category in amounts}
