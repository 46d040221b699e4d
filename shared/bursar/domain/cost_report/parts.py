"""A cluster's cost in the words of FinOps: what was allocated, idle, shared, and the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from fractions import Fraction

from pydantic import BaseModel, ConfigDict

from bursar.domain.cluster.hours import COMPUTE, Amounts, Category, HourCosts, RowKey
from bursar.domain.cluster.unowned import (
    CONTROL_PLANE,
    IDLE,
    LOAD_BALANCERS,
    NETWORK,
    RESERVED,
    SHARED,
    UNALLOCATED,
)
from bursar.domain.money import Money

TOP = 12
_WITHOUT_NAMESPACE = frozenset({IDLE, SHARED, CONTROL_PLANE, LOAD_BALANCERS, NETWORK, RESERVED})
_ZERO = Money.zero()


class Frozen(BaseModel):
    """A value of the report."""

    model_config = ConfigDict(frozen=True)


class Part(StrEnum):
    """Every amount is in exactly one of these, so they sum to the total."""

    ALLOCATED = "allocated"
    IDLE = "idle"
    SHARED = "shared"
    STORAGE = "storage"
    CONTROL_PLANE = "control_plane"
    LOAD_BALANCERS = "load_balancers"
    NETWORK = "network"
    RESERVATION = "reservation"


class Parts(Frozen):
    """Allocated + idle + shared is the compute; with the others it is the total."""

    allocated: Money = _ZERO
    idle: Money = _ZERO
    shared: Money = _ZERO
    storage: Money = _ZERO
    control_plane: Money = _ZERO
    load_balancers: Money = _ZERO
    network: Money = _ZERO
    reservation: Money = _ZERO

    @classmethod
    def of(cls, rows: Iterable[tuple[RowKey, Amounts]]) -> Parts:
        sums: dict[str, Money] = {}
        for key, amounts in rows:
            for category, amount in amounts.items():
                part = _part(key, category)
                sums[part] = sums.get(part, _ZERO) + amount
        return cls(**sums)

    @classmethod
    def sum(cls, several: Sequence[Parts]) -> Parts:
        return cls(**{part: Money.sum(each[part] for each in several) for part in Part})

    def __getitem__(self, part: Part) -> Money:
        amount: Money = getattr(self, part)
        return amount

    @property
    def compute(self) -> Money:
        return self.allocated + self.idle + self.shared

    @property
    def total(self) -> Money:
        return Money.sum(self[part] for part in Part)

    @property
    def idle_share(self) -> Fraction | None:
        """Of the compute; None when there was none."""
        return self.idle.over(self.compute)


def _part(key: RowKey, category: Category) -> str:
    if category not in COMPUTE:
        return Part(category.value)
    return {IDLE: Part.IDLE, SHARED: Part.SHARED}.get(key.namespace, Part.ALLOCATED)


class NamedCost(Frozen):
    """What one namespace or model cost. `name` is `__unallocated__` without a label."""

    name: str
    cluster: str | None = None
    gpu: Money = _ZERO
    cpu: Money = _ZERO
    memory: Money = _ZERO
    storage: Money = _ZERO
    other: Money = _ZERO  # load balancers, and whatever else is charged to a namespace

    @property
    def total(self) -> Money:
        return self.gpu + self.cpu + self.memory + self.storage + self.other


class Ranking(Frozen):
    """The dearest first, then all the rest as one, then what has no name; nothing is left out."""

    top: tuple[NamedCost, ...]
    rest: NamedCost | None
    rest_count: int
    unallocated: NamedCost | None

    @property
    def lines(self) -> tuple[NamedCost, ...]:
        return (*self.top, *(line for line in (self.rest, self.unallocated) if line))

    @property
    def total(self) -> Money:
        return Money.sum(line.total for line in self.lines)

    @property
    def gpu(self) -> Money:
        return Money.sum(line.gpu for line in self.lines)

    @property
    def unallocated_share(self) -> Fraction | None:
        """How much of the cost has no name: 0 when everything is labelled."""
        return (self.unallocated.total if self.unallocated else _ZERO).over(self.total)

    @property
    def unallocated_gpu_share(self) -> Fraction | None:
        return (self.unallocated.gpu if self.unallocated else _ZERO).over(self.gpu)


_FIELDS = {
    Category.GPU: "gpu",
    Category.CPU: "cpu",
    Category.MEMORY: "memory",
    Category.STORAGE: "storage",
}


def by_namespace(costs: Iterable[HourCosts]) -> Ranking:
    """A namespace belongs to its cluster: `default` in two clusters is two lines."""
    sums: dict[tuple[str, str | None], dict[str, Money]] = {}
    for each in costs:
        for key, amounts in each.rows.items():
            if key.namespace not in _WITHOUT_NAMESPACE:
                _add(sums.setdefault((key.namespace, each.cluster), {}), amounts)
    return _rank(sums)


def by_model(costs: Iterable[HourCosts]) -> Ranking:
    """A model is one line wherever it runs; namespaced cost without a model is unallocated."""
    sums: dict[tuple[str, str | None], dict[str, Money]] = {}
    for each in costs:
        for key, amounts in each.rows.items():
            if key.namespace not in _WITHOUT_NAMESPACE:
                _add(sums.setdefault((key.model or UNALLOCATED, None), {}), amounts)
    return _rank(sums)


def _add(into: dict[str, Money], amounts: Mapping[Category, Money]) -> None:
    for category, amount in amounts.items():
        field = _FIELDS.get(category, "other")
        into[field] = into.get(field, _ZERO) + amount


def _rank(sums: Mapping[tuple[str, str | None], Mapping[str, Money]]) -> Ranking:
    lines = [NamedCost(name=name, cluster=home, **sum_) for (name, home), sum_ in sums.items()]
    named = sorted(
        (line for line in lines if line.name != UNALLOCATED),
        key=lambda line: (-line.total.amount, line.name, line.cluster or ""),
    )
    others = named[TOP:]
    return Ranking(
        top=tuple(named[:TOP]),
        rest=_together(f"{len(others)} more", others),
        rest_count=len(others),
        unallocated=_together(UNALLOCATED, [each for each in lines if each.name == UNALLOCATED]),
    )


def _together(name: str, lines: Sequence[NamedCost]) -> NamedCost | None:
    if not lines:
        return None
    fields = (*_FIELDS.values(), "other")
    return NamedCost(
        name=name, **{field: Money.sum(getattr(line, field) for line in lines) for field in fields}
    )
