"""The AWS Price List Query API over a table of items."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bursar.local.embedded.http_api import Operation, ServiceError

Item = Mapping[str, Any]

_LARGEST_PAGE = 100
_ON_DEMAND = "JRTCKXETXF"  # the offer term code that every on-demand price has
_PER_UNIT = "6YS6EN2CT7"
_MATCHES: Mapping[str, Callable[[str, str], bool]] = {
    "TERM_MATCH": lambda found, wanted: found == wanted,
    "EQUALS": lambda found, wanted: found == wanted,
    "CONTAINS": lambda found, wanted: wanted in found,
    "ANY_OF": lambda found, wanted: found in wanted.split(","),
    "NONE_OF": lambda found, wanted: found not in wanted.split(","),
}


def price_list(items: Iterable[Item]) -> dict[str, Operation]:
    """The operations of the service, for `JsonRpcServer`."""
    table = tuple(items)

    def get_products(request: dict[str, Any]) -> dict[str, Any]:
        if "ServiceCode" not in request:
            raise ServiceError("InvalidParameterException", "ServiceCode is required")
        size = request.get("MaxResults", _LARGEST_PAGE)
        if not 1 <= size <= _LARGEST_PAGE:
            raise ServiceError("InvalidParameterException", "MaxResults is 1 to 100")
        found = [item for item in table if _wanted(item, request)]
        start = _offset(request.get("NextToken"), len(found))
        page = found[start : start + size]
        answer: dict[str, Any] = {
            "FormatVersion": "aws_v1",
            "PriceList": [json.dumps(item) for item in page],
        }
        if start + size < len(found):
            answer["NextToken"] = f"{start + size:08x}"
        return answer

    return {"GetProducts": get_products}


def price_item(
    service: str,
    attributes: Mapping[str, str],
    usd: Decimal | str | Sequence[tuple[str, str, str]],
    *,
    unit: str = "Hrs",
    family: str = "Compute Instance",
    effective: datetime = datetime(2026, 1, 1, tzinfo=UTC),
) -> Item:
    """One on-demand item, shaped as the API's own.

    `usd` is a price, or tiers of (from, to or "Inf", price). The SKU follows from the attributes.
    """
    tiers = [("0", "Inf", str(usd))] if isinstance(usd, Decimal | str) else usd
    identity = json.dumps([service, family, sorted(attributes.items())])
    sku = hashlib.sha256(identity.encode()).hexdigest()[:16].upper()
    term = f"{sku}.{_ON_DEMAND}"
    dimensions = {
        f"{term}.{_PER_UNIT}{number or ''}": {
            "rateCode": f"{term}.{_PER_UNIT}{number or ''}",
            "description": f"${price} per {unit}",
            "unit": unit,
            "beginRange": begin,
            "endRange": end,
            "pricePerUnit": {"USD": price},
            "appliesTo": [],
        }
        for number, (begin, end, price) in enumerate(tiers)
    }
    return {
        "product": {
            "productFamily": family,
            "attributes": {"servicecode": service, **attributes},
            "sku": sku,
        },
        "serviceCode": service,
        "terms": {
            "OnDemand": {
                term: {
                    "priceDimensions": dimensions,
                    "sku": sku,
                    "effectiveDate": f"{effective:%Y-%m-%dT%H:%M:%SZ}",
                    "offerTermCode": _ON_DEMAND,
                    "termAttributes": {},
                }
            }
        },
        "version": f"{effective:%Y%m%d%H%M%S}",
        "publicationDate": f"{effective:%Y-%m-%dT%H:%M:%SZ}",
    }


def _wanted(item: Item, request: Mapping[str, Any]) -> bool:
    if item["serviceCode"] != request["ServiceCode"]:
        return False
    fields = _fields(item)
    for filter_ in request.get("Filters", ()):
        matches = _MATCHES.get(filter_["Type"])
        if matches is None:
            raise ServiceError("InvalidParameterException", f"{filter_['Type']} is no filter")
        found = fields.get(filter_["Field"])
        if found is None or not matches(found, filter_["Value"]):
            return False
    return True


def _fields(item: Item) -> Mapping[str, str]:
    product = item["product"]
    return {
        **product["attributes"],
        "productFamily": product.get("productFamily", ""),
        "sku": product["sku"],
    }


def _offset(token: str | None, found: int) -> int:
    if token is None:
        return 0
    try:
        offset = int(token, 16)
    except ValueError:
        offset = -1
    if not 0 <= offset < found:
        raise ServiceError("InvalidNextTokenException", "the token is not one of this query")
    return offset
