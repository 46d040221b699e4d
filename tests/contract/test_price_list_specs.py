"""The AWS Price List, against a server of products made to confuse."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bursar.adapters.pricing_api import PricingApiPriceList, pricing_client
from bursar.domain.money import Money
from bursar.domain.price_list_errors import (
    AmbiguousPriceError,
    NoPriceError,
    PriceListError,
    PriceListUnavailableError,
)
from bursar.domain.prices import PriceRow
from tests.contract.aws_loopback import serving
from tests.contract.price_list_server import M5, answering, product

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")


def read(
    items: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, PriceRow], PricingApiPriceList]:
    with serving(answering(items)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", url)
        price_list = PricingApiPriceList(pricing_client())
        return {row.key.item: row for row in price_list.rows("us-east-1", NOW)}, price_list


def test_extended_support_costs_the_standard_hour_and_its_surcharge(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hour = product("AmazonEKS", "USE1-AmazonEKS-Hours:perCluster", "0.1", "Hours", "A")
    surcharge = product("AmazonEKS", "USE1-AmazonEKS-Hours:extendedSupport", "0.5", "Hours", "B")
    rows, _ = read([M5, hour, surcharge], monkeypatch)
    assert rows["control-plane:standard"].usd == Money.of("0.1")
    extended = rows["control-plane:extended"]
    assert (extended.usd, extended.sku) == (Money.of("0.6"), "A+B")  # 730 h: $438, as infracost
    rows, price_list = read([M5, hour], monkeypatch)
    assert "control-plane:extended" not in rows
    assert "AmazonEKS us-east-1 control-plane:extended" in price_list.unmatched


def test_fees_and_cluster_instances_are_read_by_instance_type(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    items = [
        M5,
        product("AmazonEKS", "EKS-Auto:m5.large-management-hours", "0.01152", "hours"),
        product("AmazonEKS", "EKS-Auto:g5.xlarge-management-hours", "0.12072", "hours"),
        product("AmazonSageMaker", "USE1-Cluster:ml.p5.48xlarge", "66.048", component="Cluster"),
    ]
    rows, _ = read(items, monkeypatch)
    assert rows["auto-mode:m5.large"].usd == Money.of("0.01152")
    assert rows["auto-mode:g5.xlarge"].usd == Money.of("0.12072")
    assert rows["ml.p5.48xlarge"].usd == Money.of("66.048")


def test_what_has_two_prices_is_named_and_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    twins = [
        product("AmazonVPC", "USE1-PublicIPv4:InUseAddress", usd, sku=sku, operation=operation)
        for usd, sku, operation in (("0.005", "A", "x"), ("0.006", "B", "y"))
    ]
    rows, price_list = read([M5, *twins], monkeypatch)
    assert set(rows) == {"m5.large"}
    assert price_list.ambiguous == [
        "AmazonVPC us-east-1 public-ipv4:hour has 2 prices: A (operation=x); B (operation=y)"
    ]


def test_a_unit_that_is_not_expected_is_no_price(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = product("AmazonVPC", "PublicIPv4:InUseAddress", "0.005", "Fortnights", "A")
    rows, price_list = read([M5, odd], monkeypatch)
    assert set(rows) == {"m5.large"}
    assert price_list.ambiguous == ["A is priced per 'Fortnights', not per hour"]


def test_nonsense_about_one_service_leaves_the_other_prices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    yuan = json.loads(json.dumps(product("AmazonVPC", "PublicIPv4:InUseAddress", "0.03", sku="A")))
    (term,) = yuan["terms"]["OnDemand"].values()
    term["priceDimensions"]["1"]["pricePerUnit"] = {"CNY": "0.03"}
    rows, price_list = read([M5, yuan], monkeypatch)
    assert set(rows) == {"m5.large"}
    assert price_list.ambiguous == [
        "AmazonVPC us-east-1 public-ipv4:hour: A is priced in CNY, not in USD"
    ]


def test_the_usage_of_another_thing_with_the_same_end_is_not_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    family = "Load Balancer-Application"
    items = [
        M5,
        product("AWSELB", "LoadBalancerUsage", "0.0225", family=family),
        product("AWSELB", "TS-LoadBalancerUsage", "0.0056", family=family),  # trust stores
        product("AWSELB", "Outposts-LoadBalancerUsage", "0.0225", family=family),
    ]
    rows, price_list = read(items, monkeypatch)
    assert rows["application:hour"].usd == Money.of("0.0225")
    assert price_list.ambiguous == []


def transfer(usage: str, usd: str) -> dict[str, Any]:
    return product(
        "AWSDataTransfer",
        usage,
        usd,
        "GB",
        fromRegionCode="us-east-1",
        transferType="InterRegion Outbound",
    )


def test_transfer_to_each_other_region_has_its_own_price(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listed = [
        transfer("USE1-EU-AWS-Out-Bytes", "0.02"),
        transfer("USE1-APN1-AWS-Out-Bytes", "0.09"),
        transfer("USE1-USE2-AWS-Out-Bytes", "0.01"),
    ]
    rows, price_list = read([M5, *listed], monkeypatch)
    told = {name: row.usd.plain() for name, row in rows.items() if name.startswith("inter-region")}
    assert told == {
        "inter-region:EU": "0.02",
        "inter-region:APN1": "0.09",
        "inter-region:USE2": "0.01",
    }
    assert price_list.ambiguous == []


def test_the_candidates_of_one_type_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    twin = json.loads(json.dumps(M5))
    twin["product"]["sku"] = "TWIN"
    with serving(answering([M5, twin])) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", url)
        price_list = PricingApiPriceList(pricing_client())
        with pytest.raises(AmbiguousPriceError, match=r"BoxUsage:m5\.large.*TWIN"):
            price_list.on_demand("us-east-1", "m5.large")
        with pytest.raises(NoPriceError, match=r"m6i\.large in us-east-1 has no price"):
            price_list.on_demand("us-east-1", "m6i.large")


def test_throttling_is_waited_out(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    def slow_down_once(body: bytes) -> tuple[int, bytes]:
        asked.append(body)
        if len(asked) == 1:
            return 400, b'{"__type": "ThrottlingException", "message": "Rate exceeded"}'
        return answering([M5])(body)

    with serving(slow_down_once) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", url)
        row = PricingApiPriceList(pricing_client()).on_demand("us-east-1", "m5.large")
    assert (row.usd.plain(), len(asked)) == ("0.096", 2)
    assert json.loads(asked[0])["MaxResults"] == 100


def test_a_refusal_is_an_unavailable_list(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = b'{"__type": "AccessDeniedException", "message": "not yours"}'
    with serving(lambda _: (400, refusal)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", url)
        with pytest.raises(PriceListUnavailableError, match="not yours"):
            PricingApiPriceList(pricing_client()).on_demand("us-east-1", "m5.large")


def test_an_item_that_is_no_json_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda _: (200, b'{"PriceList": ["<html>"]}')) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", url)
        with pytest.raises(PriceListError, match="unreadable price list item"):
            PricingApiPriceList(pricing_client()).on_demand("us-east-1", "m5.large")


def openzfs(family: str, usd: str, unit: str, where: str = "Single-AZ") -> dict[str, Any]:
    usage = f"USE1-{family.split()[1]}.{where}"
    return product(
        *("AmazonFSx", usage, usd, unit),
        family=family,
        fileSystemType="OpenZFS",
        deploymentOption=where,
    )


def test_what_openzfs_is_billed_beside_its_storage_is_read_for_each_deployment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    throughput, iops = "Provisioned Throughput", "Provisioned IOPS"
    items = [
        M5,
        openzfs(throughput, "0.26", "MBps-Mo"),
        openzfs(throughput, "0.8661", "MBps-Mo", "Multi-AZ"),
        openzfs(iops, "0.006", "IOPS-Mo"),
    ]
    rows, price_list = read(items, monkeypatch)
    assert rows["openzfs-single-az:mbps-month"].usd == Money.of("0.26")
    assert rows["openzfs-single-az:iops-month"].usd == Money.of("0.006")
    assert rows["openzfs-multi-az:mbps-month"].usd == Money.of("0.8661")
    assert price_list.ambiguous == []
    twice = openzfs(throughput, "0.13", "MBps-Mo") | {"serviceCode": "AmazonFSx"}
    twice["product"] = twice["product"] | {"sku": "B"}
    rows, price_list = read([*items, twice], monkeypatch)
    assert "openzfs-single-az:mbps-month" not in rows
    assert len(price_list.ambiguous) == 1
