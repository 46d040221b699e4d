"""What bursar.yaml may say of metrics, and whose usage they tell."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from bursar.config import Config
from bursar.domain.money import Money
from bursar.domain.usage.producers import ANY_TENANT
from bursar.domain.usage.records import TokenCounts
from bursar.domain.usage.told_records import usage_record
from bursar.wiring.usage import model_routes
from tests.unit.jobs.sample_config import config

URL = {"url": "https://prometheus.example.com", "tenants_by_namespace": True}
GATEWAY = {"name": "gateway", "tenants": ["*"]}
REGION = {"region": "us-east-1", "tenant": "search"}


def measured(
    metrics: dict[str, Any], cluster: dict[str, Any] | None = None, **usage: Any
) -> Config:
    prod = {"name": "prod", "region": "eu-west-1", "endpoint": "https://prod"}
    return config(clusters=[prod | (cluster or {}) | {"metrics": metrics}], usage=usage)


def test_metrics_tell_usage_under_names_that_no_producer_can_have() -> None:
    found = measured(URL, bedrock=[REGION]).metrics_producers
    assert list(found) == ["prometheus:prod", "bedrock:us-east-1"]
    assert found["prometheus:prod"].tenants == {ANY_TENANT}
    assert found["bedrock:us-east-1"].tenant == "search"


def test_another_account_is_named_with_its_region() -> None:
    role = "arn:aws:iam::444455556666:role/reader"
    found = measured(URL, bedrock=[REGION, REGION | {"role_arn": role}])
    assert "bedrock:444455556666/us-east-1" in found.metrics_producers
    assert found.metrics_role_arns == (role,)


@pytest.mark.parametrize(
    ("kind_and_id", "told_as"),
    [
        ("application-inference-profile/abc", "application-inference-profile/abc"),
        ("inference-profile/eu.amazon.nova-lite-v1:0", "eu.amazon.nova-lite-v1:0"),
    ],
)
def test_an_alias_of_bedrock_may_be_a_whole_arn(kind_and_id: str, told_as: str) -> None:
    """Usage names it without the account and region, in CloudWatch's sums and in the logs."""
    arn = f"arn:aws:bedrock:us-east-1:111122223333:{kind_and_id}"
    alias = {"model": "amazon.nova-lite-v1:0", "tenant": "acme"}
    logs = {"name": "logs", "tenants": ["acme"], "format": "bedrock", "aliases": {arn: alias}}
    region = {"region": "us-east-1", "aliases": {arn: alias}}
    found = measured(URL, bedrock=[region], producers=[logs])
    sums, log = found.metrics_producers["bedrock:us-east-1"], found.usage.producer("logs")
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    for policy in (sums, log.policy()):
        named = usage_record(
            policy, id="1", at=noon, tenant="", model=told_as, tokens=TokenCounts(1)
        )
        assert (named.tenant, named.model) == ("acme", "amazon.nova-lite-v1:0")


def test_aliases_of_bedrock_name_the_tenants() -> None:
    aliases = {"profile/a": {"model": "nova", "tenant": "acme"}}
    found = measured(URL, bedrock=[{"region": "us-east-1", "aliases": aliases}])
    assert found.metrics_producers["bedrock:us-east-1"].tenants == {"acme"}


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        ({"tenant": "a"}, "one of url, amazon_managed and service"),
        (URL | {"service": "m/p:80"}, "one of url, amazon_managed and service"),
        ({"url": "https://p"}, "need a tenant, or tenants_by_namespace"),
        (URL | {"tenant": "a"}, "need a tenant, or tenants_by_namespace"),
        ({"url": "http://p", "tenant": "a"}, "must be https"),
        ({"service": "prometheus", "tenant": "a"}, "should match pattern"),
        (
            {"amazon_managed": {"endpoint": "https://aps", "region": "eu-west-1"}, "tenant": "a"},
            "should match pattern",
        ),
    ],
)
def test_metrics_of_no_place_or_of_nobody_are_refused(metrics: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        measured(metrics)


def test_a_service_behind_a_private_endpoint_is_refused() -> None:
    network = {
        "vpc_id": "vpc-0a",
        "availability_zones": ["eu-west-1a"],
        "subnet_ids": ["subnet-0a"],
        "route_table_ids": ["rtb-0a"],
        "security_group_ids": ["sg-0a"],
    }
    with pytest.raises(ValidationError, match="not reached in a private network"):
        measured({"service": "m/p:80", "tenant": "a"}, {"network": network})


@pytest.mark.parametrize(
    ("usage", "said"),
    [
        ({"routes": [{"models": "*", "billed_by": "prometheus:other"}]}, "not in producers"),
        ({"bedrock": [REGION, REGION]}, "bedrock 'us-east-1' stands twice"),
        ({"bedrock": [{"region": "us-east-1"}]}, "needs a tenant or tenants"),
        (
            {"provisioned": [{"model": "nova", "usd_per_unit_hour": "0"}]},
            "must be above 0",
        ),
        (
            {"provisioned": [{"model": "nova", "usd_per_unit_hour": "1"}] * 2},
            "provisioned 'nova' stands twice",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(usage: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        measured(URL, **usage)


def test_metrics_are_only_compared_where_somebody_else_tells_usage() -> None:
    assert model_routes(measured(URL)).compared == frozenset()
    routes = [{"models": "llama", "billed_by": "prometheus:prod"}]
    both = measured(URL, producers=[GATEWAY], routes=routes, bedrock=[REGION])
    assert model_routes(both).compared == {"prometheus:prod", "bedrock:us-east-1"}


def test_a_route_begins_at_midnight_utc_of_its_day() -> None:
    always = {"models": "llama", "billed_by": "prometheus:prod"}
    routes = [always, {**always, "billed_by": GATEWAY["name"], "from": "2026-12-01"}]
    told = model_routes(measured(URL, producers=[GATEWAY], routes=routes)).routes
    midnight = datetime(2026, 12, 1, tzinfo=UTC)
    assert [each.begins for each in told] == [None, midnight]


def test_a_unit_costs_what_its_commitment_says() -> None:
    rows = [
        {"model": "nova", "usd_per_unit_hour": "20"},
        {"model": "nova", "commitment": "OneMonth", "usd_per_unit_hour": "12.5"},
    ]
    usage = measured(URL, provisioned=rows).usage
    assert usage.provisioned_price("nova", "OneMonth") == Money.of("12.5")
    assert usage.provisioned_price("nova", "") == Money.of("20")
    assert usage.provisioned_price("nova", "SixMonths") is None
