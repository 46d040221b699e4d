"""The AWS Price List Query API (GetProducts), read to the last page.

The client lives in us-east-1 (or another region of the API) whatever region is priced.
botocore's standard retry mode deals with throttling: build the client with `pricing_client`.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bursar.adapters.price_list_specs import SPECS
from bursar.adapters.price_spec import PriceSpec
from bursar.domain.money import Money
from bursar.domain.price_list_errors import (
    PriceListError,
    PriceListUnavailableError,
)
from bursar.domain.price_selection import (
    ON_DEMAND_ATTRIBUTES,
    Product,
    on_demand_row,
    on_demand_rows,
    rate_of,
    read_product,
    row_of,
    the_only,
)
from bursar.domain.prices import PriceKey, PriceRow, is_instance_hour

_log = logging.getLogger(__name__)
_PAGE = 100  # the API's largest


def pricing_client() -> Any:
    """A client for the Price List; AWS_ENDPOINT_URL_PRICING is honoured by boto3 itself."""
    patient = Config(
        retries={"mode": "standard", "max_attempts": 6}, connect_timeout=5, read_timeout=30
    )
    return boto3.client("pricing", region_name="us-east-1", config=patient)


class PricingApiPriceList:
    """List prices of a region; what could not be priced is listed, and never guessed.

    After `rows` has been read to its end, `unmatched` names the lines of `SPECS` that matched
    nothing in that region (a service that is not sold there), and `ambiguous` says what had
    several prices, or rates that are not of the expected form.
    """

    def __init__(self, client: Any, specs: Sequence[PriceSpec] = SPECS) -> None:
        self._client = client
        self._specs = specs
        self._answers: dict[tuple[str, frozenset[tuple[str, str]]], list[Product]] = {}
        self.unmatched: list[str] = []
        self.ambiguous: list[str] = []

    def rows(self, region: str, at: datetime) -> Iterator[PriceRow]:
        """Every price of the region; `at` is when the list is read.

        Raises:
            PriceListError: no instance type has a price there, or an answer is no price list.
            PriceListUnavailableError: the API could not be asked.
        """
        self.unmatched, self.ambiguous = [], []
        products = self._products("AmazonEC2", {"regionCode": region, **ON_DEMAND_ATTRIBUTES})
        rows, refused = on_demand_rows(products, region, at)
        if not rows:
            raise PriceListError(f"the price list has no Linux on-demand price in {region}")
        self.ambiguous += refused
        yield from rows
        self._answers.clear()
        for spec in self._specs:
            try:
                found = grouped(spec, self._of_spec(spec, region))
            except PriceListUnavailableError:
                raise
            except PriceListError as error:
                self.ambiguous.append(f"{spec.named(region)}: {error}")
                continue
            yield from self._rows_of(spec, region, found, at)
        for problem in self.ambiguous:
            _log.warning("not priced: %s", problem)

    def on_demand(
        self, region: str, instance_type: str, read_at: datetime | None = None
    ) -> PriceRow:
        """The Linux on-demand price of one type.

        Raises:
            NoPriceError, AmbiguousPriceError: there is none, or several, which are named.
            PriceListUnavailableError: the API could not be asked.
        """
        wanted = {"regionCode": region, "instanceType": instance_type, **ON_DEMAND_ATTRIBUTES}
        products = self._products("AmazonEC2", wanted)
        return on_demand_row(products, region, instance_type, read_at)

    def of_key(self, key: PriceKey) -> PriceRow | None:
        """The price of any key that a list can price; None for those that it cannot.

        Raises:
            PriceListError: as `on_demand`.
        """
        if is_instance_hour(key):
            return self.on_demand(key.region, key.item)
        for spec in self._specs:
            if spec.makes(key):
                found = grouped(spec, self._of_spec(spec, key.region))
                for groups, products in found.items():
                    if spec.key(key.region, *groups) == key:
                        return spec_row(spec, key, products, None)
        return None

    def _rows_of(
        self,
        spec: PriceSpec,
        region: str,
        found: Mapping[tuple[str, ...], list[Product]],
        at: datetime,
    ) -> Iterator[PriceRow]:
        if not found:
            self.unmatched.append(spec.named(region))
        for groups, candidates in sorted(found.items()):
            try:
                yield spec_row(spec, spec.key(region, *groups), candidates, at)
            except PriceListError as error:
                self.ambiguous.append(str(error))

    def _of_spec(self, spec: PriceSpec, region: str) -> list[Product]:
        """The products among which a line's are: lines with the same question ask it once."""
        wanted = {**spec.filters, spec.region_field: region}
        question = (spec.service, frozenset(wanted.items()))
        if question not in self._answers:
            self._answers[question] = self._products(spec.service, wanted)
        return self._answers[question]

    def _products(self, service: str, wanted: Mapping[str, str]) -> list[Product]:
        filters = [
            {"Type": "TERM_MATCH", "Field": name, "Value": value}
            for name, value in sorted(wanted.items())
        ]
        products: list[Product] = []
        request: dict[str, Any] = {
            "ServiceCode": service,
            "Filters": filters,
            "FormatVersion": "aws_v1",
            "MaxResults": _PAGE,
        }
        while True:
            try:
                page = self._client.get_products(**request)
            except (BotoCoreError, ClientError) as error:
                raise PriceListUnavailableError(f"the AWS Price List: {error}") from error
            if (items := page.get("PriceList")) is None:
                raise PriceListUnavailableError("the AWS Price List answered without a list")
            products += [read_product(item) for item in items]
            if not (token := page.get("NextToken")):
                return products
            request["NextToken"] = token


def grouped(spec: PriceSpec, products: list[Product]) -> dict[tuple[str, ...], list[Product]]:
    """The products of a line, by what its usage pattern captured. A second usage type goes along
    with the first: without both there is no price."""
    found: dict[tuple[str, ...], list[Product]] = defaultdict(list)
    for product in products:
        if (groups := spec.match(product)) is not None:
            found[groups].append(product)
    if spec.plus:
        extra = [product for product in products if spec.match(product, spec.plus) is not None]
        return {groups: first + extra for groups, first in found.items()} if extra else {}
    return found


def spec_row(
    spec: PriceSpec, key: PriceKey, products: Sequence[Product], at: datetime | None
) -> PriceRow:
    """One row from the products of a line.

    Raises:
        PriceListError: there is not exactly one, its rates are not of the expected form, or
            its unit is not one that the line knows.
    """
    if not spec.plus:
        product, usd = _one(spec, key, products)
        return row_of(product, key, usd, spec.unit, at)
    main, usd = _one(spec, key, [p for p in products if spec.match(p) is not None])
    other, more = _one(spec, key, [p for p in products if spec.match(p, spec.plus) is not None])
    row = row_of(main, key, usd + more, spec.unit, at)
    both = [start for start in (main.effective_from, other.effective_from) if start]
    skus = f"{main.sku}+{other.sku}"
    return row.model_copy(update={"sku": skus, "effective_from": max(both)})


def _one(spec: PriceSpec, key: PriceKey, products: Sequence[Product]) -> tuple[Product, Money]:
    product = the_only(products, str(key))
    return product, _price(spec, product)


def _price(spec: PriceSpec, product: Product) -> Money:
    rate = rate_of(product, spec.tier)
    worth = spec.units.get(rate.unit.lower())
    if worth is None:
        raise PriceListError(f"{product.sku} is priced per {rate.unit!r}, not per {spec.unit}")
    return rate.usd.times(worth)


class LivePriceBook:
    """A price book that asks the Price List for just the keys wanted, once each.

    A key without exactly one price is absent, and `problems` says why. The list knows today's
    prices: at a time before a price's effective date, the key is absent too.
    """

    def __init__(self, client: Any, region: str) -> None:
        self._list = PricingApiPriceList(client)
        self._region = region
        self._rows: dict[PriceKey, PriceRow | None] = {}
        self.problems: dict[PriceKey, str] = {}

    def prices_at(self, keys: Collection[PriceKey], at: datetime) -> Mapping[PriceKey, PriceRow]:
        """The row in force at that time for each key of the region.

        Raises:
            PriceListUnavailableError: the API could not be asked.
        """
        rows = {key: self._row(key) for key in keys if key.region == self._region}
        return {key: row for key, row in rows.items() if row and row.effective_from <= at}

    def _row(self, key: PriceKey) -> PriceRow | None:
        if key not in self._rows:
            try:
                self._rows[key] = self._list.of_key(key)
            except PriceListUnavailableError:
                raise
            except PriceListError as error:
                self._rows[key] = None
                self.problems[key] = str(error)
        return self._rows[key]
