"""What the bill says of the network, beside who sent how many bytes on the same day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date

from bursar.domain.attribution.network import split_by_bytes
from bursar.domain.cluster.use import ClusterUse
from bursar.domain.money import Money
from bursar.domain.network_kinds import NetworkKind
from bursar.domain.spend import NETWORK_GROUP, SpendFact


@dataclass(frozen=True, slots=True)
class NetworkCost:
    """A kind of charge, of one namespace; both names are empty for what nobody measured."""

    kind: NetworkKind
    cluster: str
    namespace: str
    usd: Money
    measured: bool


def network_costs(facts: Iterable[SpendFact], used: Iterable[ClusterUse]) -> list[NetworkCost]:
    """Each day's charges by the bytes that namespaces sent on that UTC day, summed by namespace.

    The parts sum to the facts exactly. A day without measured bytes stays one part of each kind.
    Bytes are those of all kinds of traffic: no counter says which of them were charged for.
    """
    sent: dict[date, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for use in used:
        for each in use.traffic:
            day = use.hour.astimezone(UTC).date()
            sent[day][f"{use.cluster}/{each.namespace}"] += each.sent_bytes
    sums: dict[tuple[NetworkKind, str, bool], Money] = defaultdict(Money.zero)
    for fact in facts:
        if not fact.group.startswith(NETWORK_GROUP) or not fact.amount:
            continue
        kind = NetworkKind(fact.group.removeprefix(NETWORK_GROUP))
        for share in split_by_bytes(fact.amount, sent.get(fact.day, {})):
            name = share.name if share.measured else ""
            sums[kind, name, share.measured] += share.usd
    return [
        NetworkCost(kind, *_names(name), usd, measured)
        for (kind, name, measured), usd in sorted(sums.items())
    ]


def _names(name: str) -> tuple[str, str]:
    cluster, _, namespace = name.partition("/")
    return cluster, namespace
