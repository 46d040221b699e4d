"""From a record to an entry: where it stands in the ledger, and what it costs."""

from __future__ import annotations

from fractions import Fraction

from bursar.domain.ledger.entries import Entry, LeafKey, Pricing
from bursar.domain.ledger.planning import entry_of
from bursar.domain.periods import hour_of
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.model_names import seller_in
from bursar.domain.usage.prices import TokenPrice, cost
from bursar.domain.usage.providers import provider_name
from bursar.domain.usage.records import UsageRecord
from bursar.domain.usage.routes import ModelRoutes


def bill(record: UsageRecord, price: TokenPrice | None, routes: ModelRoutes) -> Entry:
    """Price a record by the row that is in force at its own time.

    A record of several requests reaches the context tier of its mean request: which of them
    were longer is not told. Sums that tell no requests are of the first tier. Where the record
    names no provider, the entry has the price's.
    """
    if own := routes.hosted_name(record):
        seller = provider_name(record.provider)
        return _entry(record, seller, Pricing.SELF_HOSTED, ClassAmounts(), routes, model=own)
    provider = billed_provider(record.provider, record.model, price)
    if price is None:
        return _entry(record, provider, Pricing.UNPRICED, ClassAmounts(), routes)
    mean_input = Fraction(record.tokens.input, record.requests) if record.requests else 0
    rates = price.rates_for(mean_input, batch=record.batch)
    amounts = cost(record.tokens, record.requests, rates)
    return _entry(record, provider, Pricing.PRICED, amounts, routes)


def billed_provider(told: str, model: str, price: TokenPrice | None) -> str:
    """Who bills the model: as told, else whose price it has, else whom its name tells."""
    return provider_name(told) or (price.provider if price else "") or seller_in(model)


def _entry(
    record: UsageRecord,
    provider: str,
    pricing: Pricing,
    amounts: ClassAmounts,
    routes: ModelRoutes,
    *,
    model: str = "",
) -> Entry:
    key = LeafKey(
        hour=hour_of(record.at).start,
        tenant=record.tenant,
        model=model or record.model,
        feature=record.feature,
        key=record.key,
        provider=provider,
        pricing=pricing,
        shadow=routes.shadow_of(record),
    )
    return entry_of(record, key, amounts)
