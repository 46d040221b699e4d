"""GetProducts over products that a test makes up; filters honoured, one product a page."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


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
    """What an HTTP server over `items` says to a request body."""

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
