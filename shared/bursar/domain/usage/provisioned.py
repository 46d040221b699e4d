"""Provisioned throughput in the ledger: an hour's fee, whether or not it was used."""

from __future__ import annotations

import re
from datetime import UTC

from bursar.domain.ledger.entries import Entry, LeafKey, Pricing
from bursar.domain.ledger.planning import entry_of
from bursar.domain.money import Money
from bursar.domain.periods import hour_of
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.bedrock import PROVIDER, ProvisionedHour, model_name
from bursar.domain.usage.producers import ProducerPolicy
from bursar.domain.usage.records import TokenCounts, UsageRecord
from bursar.domain.usage.told_records import usage_record

METERED = "bedrock:"  # how the producers begin that are Bedrock's own metrics; no other's name can
_BOUGHT = re.compile(r"(?P<units>\d+) x (?P<model>\S+)(?: (?P<commitment>\S+))?")


def provisioned_record(hour: ProvisionedHour, producer: ProducerPolicy) -> UsageRecord:
    """The hour as usage without a request or token, under the name that its tokens come under.

    `key` says how many units of what were bought, and for how long: told again with others, it
    is a conflict.

    Raises:
        UsageRecordError, TenantRefusedError: the name cannot be kept, or is nobody's.
    """
    start = hour.hour.astimezone(UTC)
    return usage_record(
        producer,
        id=f"{hour.arn}/{start:%Y-%m-%dT%H}",
        at=start,
        tenant="",
        model=model_name(hour.arn),
        provider=PROVIDER,
        key=f"{hour.model_units} x {hour.model} {hour.commitment}".rstrip(),
        requests=0,
        tokens=TokenCounts(),
    )


def provisioned_hour(record: UsageRecord) -> ProvisionedHour | None:
    """The hour that a record was made of by `provisioned_record`; None for any other usage."""
    bought = _BOUGHT.fullmatch(record.key)
    arn, _, _ = record.id.rpartition("/")
    if not (bought and record.producer.startswith(METERED) and arn.startswith("arn:")):
        return None
    return ProvisionedHour(
        name=arn,
        arn=arn,
        model=bought["model"],
        model_units=int(bought["units"]),
        commitment=bought["commitment"] or "",
        hour=record.at,
    )


def provisioned_entry(
    record: UsageRecord, hour: ProvisionedHour, usd_per_unit_hour: Money | None
) -> Entry:
    """Model units x price, as a fee; unpriced where nobody has told the price.

    No other source tells of it, so it is never only compared.
    """
    priced = usd_per_unit_hour is not None
    fee = usd_per_unit_hour.units * hour.model_units if usd_per_unit_hour is not None else 0
    key = LeafKey(
        hour=hour_of(record.at).start,
        tenant=record.tenant,
        model=record.model,
        feature=record.feature,
        key=record.key,
        provider=record.provider,
        pricing=Pricing.PRICED if priced else Pricing.UNPRICED,
    )
    return entry_of(record, key, ClassAmounts(requests=fee))
