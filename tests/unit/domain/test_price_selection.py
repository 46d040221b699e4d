"""One price from a price list: exactly one, or an error that names them all."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bursar.domain.money import Money
from bursar.domain.price_list_errors import AmbiguousPriceError, NoPriceError, PriceListError
from bursar.domain.price_selection import (
    Tier,
    on_demand_row,
    on_demand_rows,
    rate_of,
    read_product,
)

DATA = Path(__file__).parents[4] / "shared" / "data" / "aws_prices"
LINUX = {
    "regionCode": "us-east-1",
    "instanceType": "p4d.24xlarge",
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
    "marketoption": "OnDemand",
}


def item(
    sku: str = "SKU1",
    usd: str = "32.7726",
    attributes: dict[str, str] | None = None,
    currency: str = "USD",
    **dimensions: Any,
) -> str:
    """One PriceList element with a single on-demand rate, or the given price dimensions."""
    rate = {"unit": "Hrs", "beginRange": "0", "pricePerUnit": {currency: usd}}
    term = {
        "effectiveDate": "2024-05-01T00:00:00Z",
        "priceDimensions": dimensions.get("rates", {"1": rate}),
    }
    return json.dumps(
        {
            "product": {
                "sku": sku,
                "productFamily": "Compute Instance",
                "attributes": {**LINUX, **(attributes or {})},
            },
            "terms": {"OnDemand": {f"{sku}.T": term}},
        }
    )


def rate(usd: str, begin: str) -> dict[str, Any]:
    return {"unit": "GB", "beginRange": begin, "pricePerUnit": {"USD": usd}}


def test_the_price_says_its_sku_its_date_and_its_unit() -> None:
    row = on_demand_row([read_product(item())], "us-east-1", "p4d.24xlarge")
    assert (row.usd.plain(), row.unit, row.sku) == ("32.7726", "hour", "SKU1")
    assert row.effective_from == datetime(2024, 5, 1, tzinfo=UTC)


def test_a_zero_row_of_a_capacity_block_is_never_the_price() -> None:
    twin = item("BLOCK", "0.0000000000")  # as if its marketoption did not set it apart
    products = [read_product(twin), read_product(item())]
    assert on_demand_row(products, "us-east-1", "p4d.24xlarge").sku == "SKU1"
    with pytest.raises(NoPriceError, match="BLOCK"):
        on_demand_row(products[:1], "us-east-1", "p4d.24xlarge")


def test_two_prices_are_an_error_that_names_both_and_their_difference() -> None:
    products = [
        read_product(item("SKU1", attributes={"operation": "RunInstances"})),
        read_product(item("SKU2", "40", attributes={"operation": "RunInstances:CB"})),
    ]
    with pytest.raises(AmbiguousPriceError) as caught:
        on_demand_row(products, "us-east-1", "p4d.24xlarge")
    assert str(caught.value) == (
        "p4d.24xlarge in us-east-1 has 2 prices: SKU1 (operation=RunInstances); "
        "SKU2 (operation=RunInstances:CB)"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("operatingSystem", "Windows"),
        ("tenancy", "Dedicated"),
        ("preInstalledSw", "SQL Std"),
        ("capacitystatus", "UnusedCapacityReservation"),
        ("marketoption", "CapacityBlock"),
        ("regionCode", "us-east-2"),
        ("instanceType", "p4de.24xlarge"),
    ],
)
def test_every_attribute_must_fit(name: str, value: str) -> None:
    other = read_product(item(attributes={name: value}))
    with pytest.raises(NoPriceError):
        on_demand_row([other], "us-east-1", "p4d.24xlarge")


def test_types_without_exactly_one_price_are_listed_beside_those_with_one() -> None:
    products = [
        read_product(item("A", "1", {"instanceType": "m5.large"})),
        read_product(item("B", "2", {"instanceType": "c5.large"})),
        read_product(item("C", "3", {"instanceType": "c5.large"})),
    ]
    rows, refused = on_demand_rows(products, "us-east-1")
    assert [row.key.item for row in rows] == ["m5.large"]
    assert [text.split(":")[0] for text in refused] == ["c5.large in us-east-1 has 2 prices"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("not json", "Invalid JSON"),
        ("{}", "product"),
        (item(rates={}), "priceDimensions"),
        (item(currency="CNY"), "SKU1 is priced in CNY, not in USD"),
        (item(usd="a lot"), "SKU1 costs 'a lot'"),
        (item(usd="NaN"), "SKU1 costs 'NaN'"),
    ],
)
def test_nonsense_is_an_error_that_says_what(answer: str, said: str) -> None:
    with pytest.raises(PriceListError, match=said):
        read_product(answer)


def test_several_tiers_are_an_error_where_one_rate_is_expected() -> None:
    tiers = {"1": rate("0.085", "10240"), "2": rate("0.09", "0")}
    product = read_product(item(rates=tiers))
    with pytest.raises(PriceListError, match=r"2 rates: 0\.09 from 0, 0\.085 from 10240"):
        rate_of(product)


def test_two_terms_of_one_product_are_an_error() -> None:
    listed = json.loads(item())
    terms = listed["terms"]["OnDemand"]
    terms["ANOTHER"] = {**terms["SKU1.T"], "effectiveDate": "2025-01-01T00:00:00Z"}
    product = read_product(json.dumps(listed))
    with pytest.raises(PriceListError, match="SKU1 has 2 on-demand terms"):
        rate_of(product, Tier.FIRST_PAID)


def test_the_first_paid_tier_skips_what_is_free() -> None:
    tiers = {"1": rate("0.085", "10240"), "2": rate("0", "0"), "3": rate("0.09", "1")}
    product = read_product(item(rates=tiers))
    assert rate_of(product, Tier.FIRST_PAID).usd == Money.of("0.09")


def test_a_price_per_something_else_than_an_hour_is_an_error() -> None:
    product = read_product(item(rates={"1": rate("9", "0")}))
    with pytest.raises(PriceListError, match="per 'GB', not per hour"):
        on_demand_row([product], "us-east-1", "p4d.24xlarge")


def test_a_real_item_of_2021_can_be_read() -> None:
    path = DATA / "getproducts_item_m5.large_us-east-1_2021.json"
    if not path.exists():
        pytest.skip("the shared price data is not beside this repository")
    product = read_product(path.read_bytes())
    assert (product.sku, product.attributes["instanceType"]) == ("6C86BEPQVG73ZGGR", "m5.large")
    assert rate_of(product).usd.plain() == "0.096"


def test_the_real_capacity_block_twin_is_not_the_price_of_p4d() -> None:
    path = DATA / "opencost_offer_us-east-1_p4d_capacityblock.json"
    if not path.exists():
        pytest.skip("the shared price data is not beside this repository")
    offer = json.loads(path.read_bytes())
    products = [
        read_product(
            json.dumps(
                {"product": product, "terms": {"OnDemand": offer["terms"]["OnDemand"][sku]}}
            )
        )
        for sku, product in offer["products"].items()
    ]
    assert len(products) == 2
    row = on_demand_row(products, "us-east-1", "p4d.24xlarge")
    assert (row.sku, row.usd.plain()) == ("H7NGEAC6UEHNTKSJ", "32.7726")
