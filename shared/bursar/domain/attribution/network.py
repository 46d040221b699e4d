"""Network transfer, split by who sent how much, where that was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bursar.domain.money import Money

NETWORK = "__network__"


@dataclass(frozen=True, slots=True)
class NetworkShare:
    """A part of a transfer charge. `measured` is False for the one row of what nobody measured."""

    name: str
    usd: Money
    measured: bool


def split_by_bytes(usd: Money, sent_bytes: Mapping[str, int]) -> tuple[NetworkShare, ...]:
    """Divide a charge (NAT, between zones, to the internet) by measured bytes, exactly.

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
