"""Throughput that was bought ahead: a fee of its hour, whether or not it was used."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bursar.domain.ledger.entries import Entry, Pricing
from bursar.domain.money import Money
from bursar.domain.usage.bedrock import ProvisionedHour
from bursar.domain.usage.producers import ModelAlias, ProducerPolicy
from bursar.domain.usage.provisioned import (
    provisioned_entry,
    provisioned_hour,
    provisioned_record,
)

TEN = datetime(2026, 11, 20, 10, tzinfo=UTC)
ARN = "arn:aws:bedrock:eu-west-1:111122223333:provisioned-model/abc"
OWN = ProducerPolicy(name="bedrock:eu-west-1", tenant="search")


def fee(units: int, usd: str | None, producer: ProducerPolicy = OWN) -> Entry:
    hour = ProvisionedHour("search", ARN, "nova", units, "OneMonth", TEN)
    record = provisioned_record(hour, producer)
    return provisioned_entry(record, hour, Money.of(usd) if usd else None)


def test_the_fee_is_units_times_price_without_a_request_or_token() -> None:
    entry = fee(3, "12.50")
    assert entry.amounts.usd == Money.of("37.50")
    assert (entry.requests, entry.tokens.total, entry.key.hour) == (0, 0, TEN)
    assert (entry.key.tenant, entry.key.pricing) == ("search", Pricing.PRICED)


def test_without_a_price_it_is_unpriced_and_not_nothing() -> None:
    entry = fee(3, None)
    assert (entry.key.pricing, entry.amounts.units) == (Pricing.UNPRICED, 0)


def test_told_again_it_is_the_same_and_with_other_units_a_conflict() -> None:
    first, again, other = fee(3, "12.50"), fee(3, "99"), fee(4, "12.50")
    assert first.name == again.name == other.name
    assert first.digest == again.digest != other.digest


@pytest.mark.parametrize("commitment", ["OneMonth", ""])
def test_the_hour_can_be_read_from_the_record_again(commitment: str) -> None:
    hour = ProvisionedHour("search", ARN, "amazon.nova-lite-v1:0", 3, commitment, TEN)
    record = provisioned_record(hour, OWN)
    assert provisioned_hour(record) == replace(hour, name=ARN)  # its name is not kept
    assert provisioned_hour(replace(record, producer="gateway")) is None
    assert provisioned_hour(replace(record, key="")) is None


def test_it_stands_under_the_alias_that_its_tokens_come_under() -> None:
    aliases = {"provisioned-model/abc": ModelAlias("nova-reserved", "bolt", "chat")}
    several = ProducerPolicy(name="bedrock:x", tenants=frozenset({"bolt"}), aliases=aliases)
    key = fee(1, "1", several).key
    assert (key.model, key.tenant, key.feature) == ("nova-reserved", "bolt", "chat")
