"""What a cluster's network costs, split by who sent how much, where that was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bursar.domain.cluster.hours import Amounts, Category, HourCosts, RowKey
from bursar.domain.cluster.unowned import NETWORK
from bursar.domain.money import Money


@dataclass(frozen=True, slots=True)
class NetworkShare:
    """A part of a network charge. `measured` is False for the one row of what nobody measured."""

    name: str
    usd: Money
    measured: bool


def split_by_bytes(usd: Money, sent_bytes: Mapping[str, int]) -> tuple[NetworkShare, ...]:
    """Divide a charge for the network by measured bytes, exactly.

    Without a measurement it stays one `__network__` row, marked as not measured: bytes are not
    guessed from CPU or from pods.

    Raises:
        ValueError: a count of bytes is below zero.
    """
    if min(sent_bytes.values(), default=0) < 0:
        raise ValueError("bytes are not below zero")
    names = sorted(name for name, sent in sent_bytes.items() if sent)
    if not names:
        return (NetworkShare(NETWORK, usd, measured=False),)
    parts = usd.split([sent_bytes[name] for name in names])
    return tuple(
        NetworkShare(name, part, measured=True) for name, part in zip(names, parts, strict=True)
    )


def network_by_bytes(costs: HourCosts, sent_bytes: Mapping[str, int]) -> HourCosts:
    """The same hour with its network row given to the namespaces that sent bytes in it.

    The row is of the cluster's nodes (their public addresses), not of load balancers, which are
    their Services' already. It stays one row where nothing was measured.
    """
    rows: dict[RowKey, Amounts] = {}
    for key, row in costs.rows.items():
        charge = row.get(Category.NETWORK)
        if key.namespace != NETWORK or charge is None:
            rows[key] = row
            continue
        for share in split_by_bytes(charge, sent_bytes):
            named = RowKey(share.name, NETWORK) if share.measured else key
            rows[named] = {Category.NETWORK: share.usd}
    return replace(costs, rows=rows)
