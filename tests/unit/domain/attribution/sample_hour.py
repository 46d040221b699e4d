"""An hour of usage and of clusters, as tests of attribution want it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bursar.domain.attribution.hours import AttributedHour, attribute_hour
from bursar.domain.attribution.rules import Attribution
from bursar.domain.cluster.bases import Basis
from bursar.domain.cluster.hours import Category, HourCosts, RowKey
from bursar.domain.ledger.entries import Leaf, LeafKey, Pricing
from bursar.domain.ledger.lines import Statement
from bursar.domain.money import Money
from bursar.domain.periods import hour_of
from bursar.domain.quality import Quality
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.records import TokenCounts

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = hour_of(NOON)
Rows = Mapping[RowKey, Mapping[Category, str]]


def costs(rows: Rows, cluster: str = "prod", **more: Any) -> HourCosts:
    values = {"quality": Quality.FINAL, "known_seconds": 3600, "basis": Basis.RESIDUAL, **more}
    amounts = {
        key: {category: Money.of(usd) for category, usd in row.items()}
        for key, row in rows.items()
    }
    return HourCosts(cluster, HOUR, rows=amounts, **values)


def gpu(namespace: str, usd: str, model: str = "", **more: Any) -> Rows:
    return {RowKey(namespace, "api", model, **more): {Category.GPU: usd}}


def served(tenant: str, tokens: tuple[int, int] = (1000, 0), **more: Any) -> dict[LeafKey, Leaf]:
    """Tokens (input, output) of a self-hosted model."""
    return used(tenant, tokens, **{"model": "llama", "pricing": Pricing.SELF_HOSTED} | more)


def bought(tenant: str, usd: str, tokens: tuple[int, int] = (10, 5), **more: Any) -> Any:
    amounts = ClassAmounts(output=Money.of(usd).units)
    return used(tenant, tokens, amounts, **{"model": "gpt", "provider": "openai"} | more)


def used(
    tenant: str,
    tokens: tuple[int, int],
    amounts: ClassAmounts | None = None,
    requests: int = 1,
    **key: Any,
) -> dict[LeafKey, Leaf]:
    counts = TokenCounts(input=tokens[0], output=tokens[1])
    leaf = Leaf(1, requests, counts, amounts or ClassAmounts())
    return {LeafKey(NOON, tenant, **key): leaf}


def policy(*rules: Mapping[str, Any], **more: Any) -> Attribution:
    named = [{"name": f"rule {n}", **rule} for n, rule in enumerate(rules, 1)]
    return Attribution.model_validate({"rules": named, **more})


def attributed(
    leaves: Mapping[LeafKey, Leaf] = {},
    *clusters: HourCosts,
    by: Attribution | None = None,
    **more: Any,
) -> AttributedHour:
    return attribute_hour(HOUR, leaves, clusters, by or Attribution(), as_of=7, **more)


def sums(statement: Statement, *dimensions: str) -> dict[Any, str]:
    """USD by one dimension, or by several as a tuple."""
    found: dict[Any, int] = {}
    for key, line in statement.lines.items():
        names = tuple(str(getattr(key, each)) for each in dimensions)
        name = names[0] if len(names) == 1 else names
        found[name] = found.get(name, 0) + line.units
    return {name: Money.from_units(units).plain() for name, units in found.items() if units}
