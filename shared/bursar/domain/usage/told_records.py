"""The last step of every format: whose usage it is, and what its model is called."""

from __future__ import annotations

from datetime import datetime

from bursar.domain.usage.producers import ProducerPolicy, tenant_for
from bursar.domain.usage.records import TokenCounts, UsageRecord


def usage_record(
    producer: ProducerPolicy,
    *,
    id: str,
    at: datetime,
    tenant: str,
    model: str,
    provider: str = "",
    feature: str = "",
    user: str = "",
    key: str = "",
    requests: int = 1,
    tokens: TokenCounts,
    batch: bool = False,
    latency_ms: int | None = None,
) -> UsageRecord:
    """A record with what the producer's configuration adds to it.

    Raises:
        UsageRecordError, TenantRefusedError: what was told cannot be kept, or not for them.
    """
    told = (tenant, model, provider, feature)
    alias = producer.aliases.get(model)
    if alias is not None:
        model, tenant = alias.model, alias.tenant or tenant
        feature = alias.feature or feature
    kept = (
        tenant_for(producer, tenant),
        model,
        producer.provider_of(provider),
        feature or producer.default_feature,
    )
    return UsageRecord(
        producer=producer.name,
        id=id,
        at=at,
        tenant=kept[0],
        model=kept[1],
        provider=kept[2],
        feature=kept[3],
        user=user,
        key=key,
        requests=requests,
        tokens=tokens,
        batch=batch,
        latency_ms=latency_ms,
        source=producer.format.value,
        told_as=None if told == kept else told,
    )
