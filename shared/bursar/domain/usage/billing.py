"""From a record to an entry: where it stands in the ledger, and what it costs."""

from __future__ import annotations

from fractions import Fraction

from bursar.domain.ledger.entries import Entry, LeafKey, Pricing
from bursar.domain.ledger.planning import entry_of
from bursar.domain.periods import hour_of
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.prices import TokenPrice, cost
from bursar.domain.usage.records import UsageRecord
from bursar.domain.usage.routes import ModelRoutes


def bill(record: UsageRecord, price: TokenPrice | None, routes: ModelRoutes) -> Entry:
    """Price a record by the row that is in force at its own time.

    A record of several requests reaches the context tier of its mean request: which of them
    were longer is not told.
    """
    if record.model in routes.self_hosted:
        return _entry(record, Pricing.SELF_HOSTED, ClassAmounts(), routes)
    if price is None:
        return _entry(record, Pricing.UNPRICED, ClassAmounts(), routes)
    mean_input = Fraction(record.tokens.input, max(record.requests, 1))
    rates = price.rates_for(mean_input, batch=record.batch)
    amounts = cost(record.tokens, record.requests, rates)
    return _entry(record, Pricing.PRICED, amounts, routes)


def _entry(
    record: UsageRecord, pricing: Pricing, amounts: ClassAmounts, routes: ModelRoutes
) -> Entry:
    key = LeafKey(
        hour=hour_of(record.at).start,
        tenant=record.tenant,
        model=record.model,
        feature=record.feature,
        key=record.key,
        provider=record.provider,
        pricing=pricing,
        shadow=routes.shadow_of(record),
    )
    return entry_of(record, key, amounts)
