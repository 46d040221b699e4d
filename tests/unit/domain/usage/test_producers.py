"""Whose usage a producer may tell."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bursar.domain.usage.producers import (
    ANY_TENANT,
    ModelAlias,
    ProducerPolicy,
    TenantRefusedError,
    tenant_for,
)
from bursar.domain.usage.records import TokenCounts, UsageRecord
from bursar.domain.usage.told_records import usage_record

OWN = ProducerPolicy(name="batch", tenant="acme")
LISTED = ProducerPolicy(name="gateway", tenants=frozenset({"acme", "globex"}))
ANYONE = ProducerPolicy(name="gateway", tenants=frozenset({ANY_TENANT}))


def test_a_producer_of_one_tenant_speaks_for_it_alone() -> None:
    assert tenant_for(OWN, "") == tenant_for(OWN, "acme") == "acme"
    with pytest.raises(TenantRefusedError, match="not the one"):
        tenant_for(OWN, "globex")


def test_a_trusted_producer_has_to_name_one_of_its_list() -> None:
    assert tenant_for(LISTED, "globex") == "globex"
    with pytest.raises(TenantRefusedError, match="not among those"):
        tenant_for(LISTED, "initech")
    with pytest.raises(TenantRefusedError, match="missing"):
        tenant_for(LISTED, "")


def test_one_that_is_trusted_with_any_still_has_to_name_it() -> None:
    assert tenant_for(ANYONE, "initech") == "initech"
    with pytest.raises(TenantRefusedError, match="missing"):
        tenant_for(ANYONE, "")


@pytest.mark.parametrize("whose", [{}, {"tenant": "a", "tenants": frozenset({"b"})}])
def test_a_producer_without_a_clear_say_cannot_be_configured(whose: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="needs a tenant or tenants"):
        ProducerPolicy(name="p", **whose)  # type: ignore[arg-type]


@pytest.mark.parametrize("whose", [{"tenant": "acme"}, {"tenants": frozenset({"acme", "bolt"})}])
def test_an_alias_cannot_be_of_a_tenant_that_its_producer_may_not_speak_for(
    whose: dict[str, object],
) -> None:
    ProducerPolicy(name="p", aliases={"m-1": ModelAlias("m", "acme")}, **whose)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="may not speak for tenant 'globex' of its alias 'm-1'"):
        ProducerPolicy(name="p", aliases={"m-1": ModelAlias("m", "globex")}, **whose)  # type: ignore[arg-type]


def test_one_that_is_trusted_with_any_tenant_may_give_an_alias_to_any() -> None:
    aliases = {"m-1": ModelAlias("m", "globex")}
    assert ProducerPolicy(name="p", tenants=frozenset({ANY_TENANT}), aliases=aliases).aliases


def test_a_record_told_again_is_the_same_whatever_our_configuration_made_of_it() -> None:
    told: dict[str, Any] = {
        "id": "1",
        "at": datetime(2026, 11, 1, tzinfo=UTC),
        "tenant": "acme",
        "model": "m-1",
        "tokens": TokenCounts(input=5),
    }
    alias = {"m-1": ModelAlias("m", "globex", "chat")}
    before = usage_record(ANYONE, **told)
    after = usage_record(
        ProducerPolicy(
            name="gateway", tenants=ANYONE.tenants, aliases=alias, default_provider="aws"
        ),
        **told,
    )
    assert (before.model, after.model, after.tenant) == ("m-1", "m", "globex")
    assert after.digest == before.digest
    assert usage_record(ANYONE, **told | {"tenant": "globex"}).digest != before.digest


TOLD: dict[str, Any] = {
    "id": "1",
    "at": datetime(2026, 11, 1, tzinfo=UTC),
    "tenant": "acme",
    "model": "m",
    "tokens": TokenCounts(input=5),
}


@pytest.mark.parametrize(
    ("provider", "name"),
    [
        ("bedrock", "aws"),
        ("AWS.Bedrock", "aws"),
        (" OpenAI", "openai"),
        ("vertex_ai", "google"),
        ("XAI", "x-ai"),
        ("Our-Own", "our-own"),
        (" ", ""),
    ],
)
def test_a_provider_has_one_name_whether_the_record_or_its_producer_tells_it(
    provider: str, name: str
) -> None:
    assert usage_record(OWN, **TOLD, provider=provider).provider == name
    silent = ProducerPolicy(name="batch", tenant="acme", default_provider=provider)
    assert usage_record(silent, **TOLD).provider == name
    assert usage_record(silent, **TOLD, provider="Groq").provider == "groq"


@pytest.mark.parametrize("provider", ["OpenAI", "AWS", "openai", "nobody", " "])
def test_a_record_that_was_kept_by_another_spelling_of_its_provider_is_still_the_same(
    provider: str,
) -> None:
    kept = UsageRecord(producer="batch", source="bursar", provider=provider, **TOLD)
    again = usage_record(OWN, **TOLD, provider=provider)
    assert again.digest == kept.digest
    assert usage_record(OWN, **TOLD, provider="globex").digest != kept.digest
