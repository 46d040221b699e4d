"""From the products of a price list to one price: exactly one, or an error that names them all.

A list holds dozens of rows for one instance type, among them $0 rows of capacity that was
paid for elsewhere. A $0 row is never a price, and the first row of several is never a choice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from bursar.domain.money import AmountOutOfRangeError, Money
from bursar.domain.price_list_errors import (
    AmbiguousPriceError,
    NoPriceError,
    PriceListError,
)
from bursar.domain.prices import PriceKey, PriceRow, on_demand

SOURCE = "AWS Price List"
ON_DEMAND_ATTRIBUTES: Mapping[str, str] = MappingProxyType(
    {
        "operatingSystem": "Linux",
        "tenancy": "Shared",
        "preInstalledSw": "NA",
        "capacitystatus": "Used",
        "marketoption": "OnDemand",
    }
)
COMPUTE_FAMILIES = frozenset({"Compute Instance", "Compute Instance (bare metal)"})


class Tier(StrEnum):
    ONLY = "only"  # one rate, whatever the amount
    FIRST_PAID = "first paid"  # of several rates by amount, the first that costs something


@dataclass(frozen=True, slots=True)
class Rate:
    """What a unit costs from `begin` units a month on."""

    begin: Decimal
    usd: Money
    unit: str


@dataclass(frozen=True, slots=True)
class Product:
    """One SKU with its on-demand rates; without any, it is sold in other ways only."""

    sku: str
    family: str
    attributes: Mapping[str, str]
    effective_from: datetime | None
    rates: tuple[Rate, ...]
    terms: int = 1  # on-demand terms; more than one is refused when a rate is asked for

    @property
    def costs_something(self) -> bool:
        return any(rate.usd for rate in self.rates)


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="ignore")


class _Dimension(_Part):
    unit: str
    begin_range: str = "0"
    price_per_unit: dict[str, str]


class _Term(_Part):
    effective_date: AwareDatetime
    price_dimensions: dict[str, _Dimension] = Field(min_length=1)


class _Terms(_Part):
    on_demand: dict[str, _Term] = Field(default_factory=dict, alias="OnDemand")


class _ListedProduct(_Part):
    sku: str
    product_family: str = ""
    attributes: dict[str, str]


class _Item(_Part):
    product: _ListedProduct
    terms: _Terms = _Terms()


def read_product(item: str | bytes) -> Product:
    """Read one JSON element of a GetProducts answer's PriceList.

    Raises:
        PriceListError: it is no JSON, lacks a price dimension, or is not in USD.
    """
    try:
        listed = _Item.model_validate_json(item)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the item"
        raise PriceListError(f"unreadable price list item: {where}: {first['msg']}") from None
    product, terms = listed.product, list(listed.terms.on_demand.values())
    rates = tuple(
        _rate(product.sku, dimension)
        for term in terms
        for dimension in term.price_dimensions.values()
    )
    return Product(
        sku=product.sku,
        family=product.product_family,
        attributes=product.attributes,
        effective_from=max((term.effective_date for term in terms), default=None),
        rates=tuple(sorted(rates, key=lambda rate: rate.begin)),
        terms=len(terms),
    )


def _rate(sku: str, dimension: _Dimension) -> Rate:
    if (usd := dimension.price_per_unit.get("USD")) is None:
        currencies = ", ".join(dimension.price_per_unit) or "no currency"
        raise PriceListError(f"{sku} is priced in {currencies}, not in USD")
    try:
        return Rate(Decimal(dimension.begin_range), Money.of(usd), dimension.unit)
    except (ArithmeticError, AmountOutOfRangeError):
        raise PriceListError(f"{sku} costs {usd!r} from {dimension.begin_range!r}") from None


def rate_of(product: Product, tier: Tier | Decimal = Tier.ONLY) -> Rate:
    """The one rate of a product, the first paid one of its tiers, or the one from an amount on.

    Raises:
        PriceListError: there are several rates where one was expected, or several terms.
        NoPriceError: no rate costs anything, or none begins there.
    """
    if product.terms > 1:
        raise PriceListError(f"{product.sku} has {product.terms} on-demand terms")
    if tier is Tier.ONLY and len(product.rates) > 1:
        tiers = ", ".join(f"{rate.usd.plain()} from {rate.begin}" for rate in product.rates)
        raise PriceListError(f"{product.sku} has {len(product.rates)} rates: {tiers}")
    for rate in product.rates:
        if rate.usd and (not isinstance(tier, Decimal) or rate.begin == tier):
            return rate
    of = f" from {tier:f} on" if isinstance(tier, Decimal) else ""
    raise NoPriceError(f"{product.sku} costs nothing{of}")


def the_only(products: Sequence[Product], what: str) -> Product:
    """The one product that costs something.

    Raises:
        NoPriceError: there is none; the $0 ones are named.
        AmbiguousPriceError: there are several; each is named with what sets it apart.
    """
    priced = [product for product in products if product.costs_something]
    if len(priced) == 1:
        return priced[0]
    if priced:
        raise AmbiguousPriceError(f"{what} has {len(priced)} prices: {_apart(priced)}")
    if products:
        skus = ", ".join(product.sku for product in products)
        raise NoPriceError(f"{what} has no price, only rows at $0 or without one: {skus}")
    raise NoPriceError(f"{what} has no price")


def _apart(products: Sequence[Product]) -> str:
    names = sorted({name for product in products for name in product.attributes})
    differing = [
        name for name in names if len({product.attributes.get(name) for product in products}) > 1
    ]
    return "; ".join(
        f"{product.sku} ("
        + ", ".join(f"{name}={product.attributes.get(name, '-')}" for name in differing)
        + ")"
        for product in products
    )


def on_demand_row(
    products: Iterable[Product], region: str, instance_type: str, read_at: datetime | None = None
) -> PriceRow:
    """The Linux on-demand price of one instance type, among any products.

    Raises:
        NoPriceError, AmbiguousPriceError: there is none, or more than one.
    """
    wanted = {**ON_DEMAND_ATTRIBUTES, "regionCode": region, "instanceType": instance_type}
    fitting = [product for product in products if _fits(product, wanted)]
    product = the_only(fitting, f"{instance_type} in {region}")
    rate = rate_of(product)
    if rate.unit.lower() not in {"hrs", "hours", "hour"}:
        raise PriceListError(f"{product.sku} is priced per {rate.unit!r}, not per hour")
    return row_of(product, on_demand(region, instance_type), rate.usd, "hour", read_at)


def on_demand_rows(
    products: Iterable[Product], region: str, read_at: datetime | None = None
) -> tuple[list[PriceRow], list[str]]:
    """Every instance type's price, by type; and why the ones without exactly one have none."""
    by_type: dict[str, list[Product]] = defaultdict(list)
    for product in products:
        if instance_type := product.attributes.get("instanceType"):
            by_type[instance_type].append(product)
    rows, refused = [], []
    for instance_type, candidates in sorted(by_type.items()):
        try:
            rows.append(on_demand_row(candidates, region, instance_type, read_at))
        except PriceListError as error:
            refused.append(str(error))
    return rows, refused


def row_of(
    product: Product, key: PriceKey, usd: Money, unit: str, read_at: datetime | None
) -> PriceRow:
    """A row that says which SKU it came from, and since when the list says it holds."""
    if product.effective_from is None:
        raise NoPriceError(f"{product.sku} is not sold on demand")
    return PriceRow(
        key=key,
        usd=usd,
        unit=unit,
        source=SOURCE,
        sku=product.sku,
        effective_from=product.effective_from,
        read_at=read_at,
    )


def _fits(product: Product, wanted: Mapping[str, str]) -> bool:
    return product.family in COMPUTE_FAMILIES and all(
        product.attributes.get(name) == value for name, value in wanted.items()
    )
