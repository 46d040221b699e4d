"""How a balance that is not the sum of its entries is shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from bursar.domain.ledger.entries import Leaf, LeafKey
from bursar.domain.ledger.verification import Difference
from bursar.domain.money import plain_of_units


def difference_json(difference: Difference) -> dict[str, Any]:
    key, says, has = difference.key, difference.entries_say, difference.leaf_says
    return {
        "hour": key.hour.isoformat(),
        "tenant": key.tenant,
        "model": key.model,
        "feature": key.feature,
        "key": key.key,
        "provider": key.provider,
        "pricing": str(key.pricing),
        "adjusts": key.adjusts,
        "shadow": key.shadow,
        "entries_usd": says.amounts.usd.plain(),
        "balance_usd": has.amounts.usd.plain(),
        "entries_usd_by_class": _usd_by_class(says),
        "balance_usd_by_class": _usd_by_class(has),
        "entries_requests": says.requests,
        "balance_requests": has.requests,
        "entries_tokens": asdict(says.tokens),
        "balance_tokens": asdict(has.tokens),
        "entries": says.entries,
        "entries_in_balance": has.entries,
    }


def difference_in_words(difference: Difference) -> str:
    """`2026-11-20 13:00 search gpt-x: entries say 7 USD, the balance 9`, of all that differs.

    Money by class only where the sums are the same.
    """
    says, has = difference.entries_say, difference.leaf_says
    by_class = says.amounts.units == has.amounts.units
    figures = zip(_figures(says, by_class), _figures(has, by_class), strict=True)
    told = [
        f"{one} {unit}, the balance {other}" for (unit, one), (_, other) in figures if one != other
    ]
    return f"{_leaf_in_words(difference.key)}: entries say {'; '.join(told)}"


def _figures(leaf: Leaf, by_class: bool) -> Iterator[tuple[str, str]]:
    """Each with its unit, in one order for every leaf."""
    if by_class:
        for name, usd in _usd_by_class(leaf).items():
            yield f"USD for {_in_words(name)}", usd
    else:
        yield "USD", leaf.amounts.usd.plain()
    yield "requests", f"{leaf.requests:,}"
    for name, count in asdict(leaf.tokens).items():
        yield f"{_in_words(name)} tokens", f"{count:,}"
    yield "entries", f"{leaf.entries:,}"


def _usd_by_class(leaf: Leaf) -> dict[str, str]:
    return {name: plain_of_units(units) for name, units in asdict(leaf.amounts).items()}


def _leaf_in_words(key: LeafKey) -> str:
    names = (key.tenant, key.model, key.feature, key.key, key.provider)
    told = [f"{key.hour:%Y-%m-%d %H}:00", *filter(None, names)]
    if key.shadow:
        told.append(f"(shadow of {key.shadow})")
    if key.adjusts:
        told.append(f"(adjusts {key.adjusts})")
    return " ".join(told)


def _in_words(name: str) -> str:
    return name.replace("_", " ")
