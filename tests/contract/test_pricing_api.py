"""The AWS Price List, against a server of real rows and one of rows made to confuse."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bursar.adapters.pricing_api import LivePriceBook, PricingApiPriceList, pricing_client
from bursar.domain import prices
from bursar.domain.money import Money
from bursar.domain.price_selection import (
    AmbiguousPriceError,
    NoPriceError,
    PriceListError,
    PriceListUnavailableError,
)
from bursar.domain.prices import PriceRow, VolumeMeasure, is_instance_hour
from tests.contract.aws_loopback import serving

SHARED = Path(__file__).parents[3] / "shared"
REAL = SHARED / "data/aws_prices/ec2_eu-west-1_2023-02-23.parquet"
IRELAND = "eu-west-1"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")


@pytest.fixture(scope="module")
def real_list(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """GetProducts over every row that AWS published for Ireland on a day of 2023."""
    facade = SHARED / "tools/pricing_facade.py"
    if not (facade.exists() and REAL.exists()):
        pytest.skip("the shared price data is not beside this repository")
    port = tmp_path_factory.mktemp("facade") / "port"
    server = subprocess.Popen([sys.executable, facade, REAL, port])  # noqa: S603 - our own tool
    try:
        until = time.monotonic() + 30
        while not (port.exists() and port.read_text()):
            assert server.poll() is None, "the price list server did not start"
            assert time.monotonic() < until, "the price list server did not start in 30 s"
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port.read_text()}"
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="module")
def real_rows(real_list: str) -> dict[str, PriceRow]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_ENDPOINT_URL_PRICING", real_list)
        rows = PricingApiPriceList(pricing_client()).rows(IRELAND, NOW)
        return {str(row.key): row for row in rows}


def test_all_75_real_instance_types_have_their_one_price(real_rows: dict[str, PriceRow]) -> None:
    import duckdb

    answers = json.loads((SHARED / "data/answers.json").read_bytes())["ec2_prices"]
    found = {
        row.key.item: (row.sku, row.usd.amount)
        for row in real_rows.values()
        if is_instance_hour(row.key)
    }
    published = duckdb.execute(
        "select InstanceType, sku, price from read_parquet(?) where TermType = 'OnDemand' and "
        "OperatingSystem = 'Linux' and Tenancy = 'Shared' and PreInstalledSW = 'NA' and "
        "CapacityStatus = 'Used' and family like 'Compute Instance%'",
        [str(REAL)],
    ).fetchall()
    assert found == {name: (sku, Decimal(str(usd))) for name, sku, usd in published}
    assert len(found) == answers["instance_types"] == 75
    for name, [[sku, usd]] in answers["answers_usd_per_hour"].items():
        assert found[name] == (sku, Decimal(str(usd)))


def test_no_real_price_is_zero_and_p4d_least_of_all(real_rows: dict[str, PriceRow]) -> None:
    assert min(row.usd for row in real_rows.values()) > Money.zero()
    p4d = real_rows[str(prices.on_demand(IRELAND, "p4d.24xlarge"))]
    assert p4d.usd == Money.of("35.39655")


@pytest.mark.parametrize(
    ("key", "usd"),
    [
        (prices.volume(IRELAND, "gp3", VolumeMeasure.SIZE), "0.088"),
        (prices.volume(IRELAND, "gp3", VolumeMeasure.IOPS), "0.0055"),
        (prices.volume(IRELAND, "gp3", VolumeMeasure.THROUGHPUT), "0.044"),  # 45.056 / 1,024
        (prices.volume(IRELAND, "io2", VolumeMeasure.IOPS_TIER_2), "0.0504"),
        (prices.volume(IRELAND, "io2", VolumeMeasure.IOPS_TIER_3), "0.03528"),
        (prices.snapshot_storage(IRELAND), "0.05"),
        (prices.load_balancer(IRELAND, "application"), "0.0252"),
        (prices.load_balancer(IRELAND, "network"), "0.0252"),
        (prices.load_balancer(IRELAND, "gateway"), "0.014"),
        (prices.load_balancer(IRELAND, "classic"), "0.028"),
        (prices.nat_gateway(IRELAND, "hour"), "0.048"),
        (prices.nat_gateway(IRELAND, "gb"), "0.048"),
    ],
)
def test_other_real_prices_have_one_sku_each(
    real_rows: dict[str, PriceRow], key: prices.PriceKey, usd: str
) -> None:
    assert real_rows[str(key)].usd == Money.of(usd)


def test_what_the_real_list_does_not_sell_is_named(
    real_list: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", real_list)
    price_list = PricingApiPriceList(pricing_client())
    rows = list(price_list.rows(IRELAND, NOW))
    assert len(rows) == 95  # 75 instance types, 13 of volumes, snapshots, 4 balancers, 2 of NAT
    assert str(prices.control_plane(IRELAND)) in price_list.unmatched
    assert price_list.ambiguous == []


def test_a_region_without_instances_is_an_error(
    real_list: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", real_list)
    with pytest.raises(PriceListError, match="no Linux on-demand price in us-nowhere-1"):
        list(PricingApiPriceList(pricing_client()).rows("us-nowhere-1", NOW))


def test_a_live_book_asks_for_just_the_keys_it_is_given(
    real_list: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", real_list)
    book = LivePriceBook(pricing_client(), IRELAND)
    known = [
        prices.on_demand(IRELAND, "g5.xlarge"),
        prices.volume(IRELAND, "gp3", VolumeMeasure.THROUGHPUT),
    ]
    unknown = prices.on_demand(IRELAND, "g99.huge")
    elsewhere = prices.on_demand("us-east-1", "g5.xlarge")
    found = book.prices_at([*known, unknown, elsewhere], NOW)
    assert [found[key].usd.plain() for key in known] == ["1.123", "0.044"]
    assert set(found) == set(known)
    assert book.problems == {unknown: "g99.huge in eu-west-1 has no price"}
    assert book.prices_at(known, datetime(2023, 1, 31, tzinfo=UTC)) == {}  # before they held


# --- a list made to confuse -------------------------------------------------------------------


def product(
    service: str,
    usage: str,
    usd: str,
    unit: str = "Hrs",
    sku: str = "",
    family: str = "",
    **attributes: str,
) -> dict[str, Any]:
    sku = sku or usage
    rate = {"unit": unit, "beginRange": "0", "pricePerUnit": {"USD": usd}}
    return {
        "serviceCode": service,
        "product": {
            "sku": sku,
            "productFamily": family,
            "attributes": {"regionCode": "us-east-1", "usagetype": usage, **attributes},
        },
        "terms": {
            "OnDemand": {
                "T": {"effectiveDate": "2026-11-01T00:00:00Z", "priceDimensions": {"1": rate}}
            }
        },
    }


M5 = product(
    "AmazonEC2",
    "BoxUsage:m5.large",
    "0.096",
    family="Compute Instance",
    instanceType="m5.large",
    operatingSystem="Linux",
    tenancy="Shared",
    preInstalledSw="NA",
    capacitystatus="Used",
    marketoption="OnDemand",
)


def answering(items: list[dict[str, Any]]) -> Callable[[bytes], tuple[int, bytes]]:
    """GetProducts over `items`, filters honoured, one item a page."""

    def answer(body: bytes) -> tuple[int, bytes]:
        asked = json.loads(body)
        fitting = [
            json.dumps(item)
            for item in items
            if item["serviceCode"] == asked["ServiceCode"]
            and all(
                wanted["Value"]
                == {
                    "productFamily": item["product"]["productFamily"],
                    **item["product"]["attributes"],
                }.get(wanted["Field"])
                for wanted in asked["Filters"]
            )
        ]
        at = int(asked.get("NextToken") or 0)
        page: dict[str, Any] = {"PriceList": fitting[at : at + 1]}
        if at + 1 < len(fitting):
            page["NextToken"] = str(at + 1)
        return 200, json.dumps(page).encode()

    return answer


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


def test_transfer_to_other_regions_has_a_price_only_when_all_destinations_agree(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alike = [
        transfer("USE1-EU-AWS-Out-Bytes", "0.02"),
        transfer("USE1-APN1-AWS-Out-Bytes", "0.02"),
    ]
    rows, _ = read([M5, *alike], monkeypatch)
    assert rows["inter-region"].usd == Money.of("0.02")
    rows, price_list = read([M5, *alike, transfer("USE1-USE2-AWS-Out-Bytes", "0.01")], monkeypatch)
    assert "inter-region" not in rows
    assert price_list.ambiguous == [
        "AWSDataTransfer us-east-1 inter-region differs by destination: 0.01, 0.02"
    ]


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
