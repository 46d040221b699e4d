"""Rules: what a budget that comes to its limit asks for, and who must agree to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction

from bursar.domain.money import Money
from bursar.domain.scopes import Dimension, Scope


class Action(StrEnum):
    """None of them touches what runs."""

    REFUSE_RESERVATIONS = "refuse_reservations"
    CAP_ACCELERATORS = "cap_accelerators"  # a ResourceQuota: pods that are new, and no others
    HOLD_QUEUES = "hold_queues"  # Kueue admits nothing more, and drains nothing
    CAP_NODE_POOLS = "cap_node_pools"  # Karpenter adds no accelerators to those there are
    SUSPEND_QUEUED_JOBS = "suspend_queued_jobs"  # those without any pod
    SEND_EVENT = "send_event"


IN_CLUSTERS = frozenset(
    {
        Action.CAP_ACCELERATORS,
        Action.HOLD_QUEUES,
        Action.CAP_NODE_POOLS,
        Action.SUSPEND_QUEUED_JOBS,
    }
)


class Approval(StrEnum):
    AUTOMATIC = "automatic"
    MANUAL = "manual"  # somebody says yes first


class Mode(StrEnum):
    """`watch` is a dry run: it says exactly what it would do, and does none of it."""

    WATCH = "watch"
    ENFORCE = "enforce"


DEFAULT_ACTIONS: Mapping[Action, Approval] = {
    Action.REFUSE_RESERVATIONS: Approval.AUTOMATIC,
    Action.SEND_EVENT: Approval.AUTOMATIC,
    Action.CAP_ACCELERATORS: Approval.MANUAL,
    Action.HOLD_QUEUES: Approval.MANUAL,
    Action.CAP_NODE_POOLS: Approval.MANUAL,
    Action.SUSPEND_QUEUED_JOBS: Approval.MANUAL,
}
_OF_CLUSTERS = frozenset(
    {Dimension.ORG, Dimension.ACCOUNT, Dimension.CLUSTER, Dimension.NAMESPACE}
)
_NAMED = frozenset({Dimension.CLUSTER, Dimension.NAMESPACE})


@dataclass(frozen=True, slots=True)
class Rule:
    """What one budget asks for at `percent` of its limit."""

    mode: Mode = Mode.WATCH
    percent: int = 100
    lasts: timedelta = timedelta(days=7)
    surge_percent: int = 25
    actions: Mapping[Action, Approval] = field(default_factory=lambda: DEFAULT_ACTIONS)
    where: tuple[Scope, ...] = ()

    def asked(self, approval: Approval) -> tuple[Action, ...]:
        """The actions that go ahead in this way, in the order in which they are carried out."""
        return tuple(each for each in Action if self.actions.get(each) is approval)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A namespace of a cluster, or the whole of it."""

    cluster: str
    namespace: str = ""

    def __str__(self) -> str:
        return f"{self.cluster}/{self.namespace}" if self.namespace else self.cluster


def is_place(scope: Scope) -> bool:
    """Whether it names clusters or namespaces, and nothing beside them."""
    return scope.dimensions <= _OF_CLUSTERS and bool(scope.dimensions & _NAMED)


def places(scope: Scope, where: Iterable[Scope], clusters: Iterable[str]) -> tuple[Place, ...]:
    """Where the money of a scope is spent: what it names itself, or what the rule says.

    A stop never reaches beyond its budget: a scope that also names a model, say, is no place.
    """
    named = [each for each in (tuple(where) or (scope,)) if is_place(each)]
    found = {
        Place(cluster, each.get(Dimension.NAMESPACE) or "")
        for each in named
        for cluster in clusters
        if each.get(Dimension.CLUSTER) in (None, cluster)
    }
    return tuple(sorted(found))


def is_crossed(spent: Money, limit: Money, percent: int) -> bool:
    """Whether `percent` of the limit is spent: $100.00 of $100 is 100%."""
    return spent >= limit.times(Fraction(percent, 100))
