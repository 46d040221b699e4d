"""A charge as we know it, before it is written in FOCUS' columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from bursar.domain.focus.charges import (
    SUBCATEGORIES,
    ChargeCategory,
    ChargeFrequency,
    PricingCategory,
    ServiceCategory,
)
from bursar.domain.money import Money
from bursar.domain.periods import Window, month_of

_PRICED = (ChargeCategory.USAGE, ChargeCategory.PURCHASE)


class ChargeLineError(ValueError):
    """A charge that FOCUS 1.2 forbids, such as usage without a quantity; the field is named."""


@dataclass(frozen=True, slots=True)
class BillingAccount:
    """Who is billed: the account that the invoice goes to."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class SubAccount:
    """What the charge is charged to within the billing account; `type` says what it is, such
    as `Cluster` or `Account`."""

    id: str
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Resource:
    id: str
    type: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Region:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Sku:
    """What was bought. `meter` is what is counted of it, such as `Output tokens`."""

    id: str
    meter: str
    price_id: str | None = None  # None: the same as `id`


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeLine:
    """One charge of one period.

    `pricing_quantity` is what the price is multiplied by (million tokens), `consumed_quantity`
    what was used (tokens). Four costs, as FOCUS means them: list at public prices, contracted
    at negotiated ones, effective with commitments spread, billed as invoiced. `tags` hold the
    allocation: tenant, team, model, feature, category, cluster, namespace.

    A charge is billed in the month it began, unless `billed_in` names a later month: then it
    corrects a closed one.

    Raises:
        ChargeLineError: FOCUS 1.2 has no such charge.
    """

    charge_period: Window
    provider: str
    publisher: str
    invoice_issuer: str
    service_name: str
    service_category: ServiceCategory
    service_subcategory: str
    charge_category: ChargeCategory
    charge_description: str
    billed_cost: Money
    effective_cost: Money
    list_cost: Money
    contracted_cost: Money
    billed_in: Window | None = None
    charge_frequency: ChargeFrequency | None = None
    pricing_category: PricingCategory = PricingCategory.STANDARD
    pricing_quantity: Decimal | None = None
    pricing_unit: str | None = None
    consumed_quantity: Decimal | None = None
    consumed_unit: str | None = None
    sku: Sku | None = None
    sub_account: SubAccount | None = None
    resource: Resource | None = None
    region: Region | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def billing_period(self) -> Window:
        return self.billed_in or month_of(self.charge_period.start)

    @property
    def corrects_closed_month(self) -> bool:
        return self.charge_period.start < self.billing_period.start

    @property
    def has_unit_price(self) -> bool:
        """FOCUS asks for SKU and unit price here; in corrections the two need not agree."""
        return self.charge_category in _PRICED and not self.corrects_closed_month

    def __post_init__(self) -> None:
        for find_problem in (
            self._period_problem,
            self._text_problem,
            self._cost_problem,
            self._quantity_problem,
            self._price_problem,
        ):
            if problem := find_problem():
                raise ChargeLineError(f"{self.charge_description!r}: {problem}")

    def _period_problem(self) -> str | None:
        if not self.charge_period.length:
            return "charge_period has no length"
        if self.billed_in and self.billed_in != month_of(self.billed_in.start):
            return "billed_in is no UTC month"
        if self.charge_period.start >= self.billing_period.end:
            return "charge_period begins after the month it is billed in"
        return None

    def _text_problem(self) -> str | None:
        required = {
            "provider": self.provider,
            "publisher": self.publisher,
            "invoice_issuer": self.invoice_issuer,
            "service_name": self.service_name,
            "charge_description": self.charge_description,
        }
        if empty := [name for name, text in required.items() if not text.strip()]:
            return f"{empty[0]} is empty"
        if self.service_subcategory not in SUBCATEGORIES[self.service_category]:
            return f"{self.service_subcategory} is not part of {self.service_category}"
        return None

    def _cost_problem(self) -> str | None:
        costs = (self.billed_cost, self.effective_cost, self.list_cost, self.contracted_cost)
        if len({cost.currency for cost in costs}) > 1:
            return "its costs are in several currencies"
        if self.charge_category is ChargeCategory.CREDIT and (
            self.effective_cost != self.billed_cost
        ):
            return "a credit's effective_cost is its billed_cost"
        if (self.charge_category, self.charge_frequency) == (
            ChargeCategory.PURCHASE,
            ChargeFrequency.USAGE_BASED,
        ):
            return "a purchase is one-time or recurring"
        return None

    def _quantity_problem(self) -> str | None:
        for name, quantity, unit in (
            ("pricing", self.pricing_quantity, self.pricing_unit),
            ("consumed", self.consumed_quantity, self.consumed_unit),
        ):
            if quantity is not None and not quantity.is_finite():
                return f"{name}_quantity is not finite"
            if (quantity is None) != (not unit):
                return f"{name}_quantity and {name}_unit go together"
        if self.charge_category is ChargeCategory.TAX and (self.pricing_unit or self.sku):
            return "a tax has neither quantity nor sku"
        usage = self.charge_category is ChargeCategory.USAGE
        if not usage and self.consumed_quantity is not None:
            return "only usage has a consumed_quantity"
        if usage and not self.corrects_closed_month and self.consumed_quantity is None:
            return "usage has a consumed_quantity"
        return None

    def _price_problem(self) -> str | None:
        if not self.has_unit_price:
            return None
        if self.sku is None or self.pricing_quantity is None:
            return "usage and purchases have a sku and a pricing_quantity"
        for name, cost in (("list", self.list_cost), ("contracted", self.contracted_cost)):
            if cost and not self.pricing_quantity:
                return f"{name}_cost without a quantity has no unit price"
            if cost.amount * self.pricing_quantity < 0:
                return f"{name}_cost and pricing_quantity differ in sign: that is an adjustment"
        return None
