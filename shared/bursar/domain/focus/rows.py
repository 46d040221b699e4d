"""Rows of the FOCUS 1.2 Cost and Usage dataset (https://focus.finops.org, specification 1.2).

All mandatory columns, and the conditional ones of a provider with public and negotiated unit
prices, measured usage, resources, regions, tags and more than one type of sub account. Left
out, because we charge nothing by them: availability zones, commitment discounts, capacity
reservations, pricing currencies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal

from bursar.domain.focus.charge_lines import BillingAccount, ChargeLine
from bursar.domain.focus.charges import (
    ChargeCategory,
    ChargeFrequency,
    PricingCategory,
    ServiceCategory,
)
from bursar.domain.money import Money

CORRECTION = "Correction"
_UNIT_PRICE = Context(prec=50, rounding=ROUND_HALF_EVEN)  # times any quantity it gives the cost


@dataclass(frozen=True, slots=True, kw_only=True)
class FocusRow:
    """One row; fields are the columns, in the alphabetical order of the specification.

    `x_` columns repeat, as columns, the tags that we allocate by. None is FOCUS' null.
    """

    billed_cost: Decimal
    billing_account_id: str
    billing_account_name: str
    billing_currency: str
    billing_period_end: datetime
    billing_period_start: datetime
    charge_category: ChargeCategory
    charge_class: str | None
    charge_description: str
    charge_frequency: ChargeFrequency
    charge_period_end: datetime
    charge_period_start: datetime
    consumed_quantity: Decimal | None
    consumed_unit: str | None
    contracted_cost: Decimal
    contracted_unit_price: Decimal | None
    effective_cost: Decimal
    invoice_id: str | None
    invoice_issuer_name: str
    list_cost: Decimal
    list_unit_price: Decimal | None
    pricing_category: PricingCategory | None
    pricing_quantity: Decimal | None
    pricing_unit: str | None
    provider_name: str
    publisher_name: str
    region_id: str | None
    region_name: str | None
    resource_id: str | None
    resource_name: str | None
    resource_type: str | None
    service_category: ServiceCategory
    service_name: str
    service_subcategory: str
    sku_id: str | None
    sku_meter: str | None
    sku_price_details: Mapping[str, str] | None
    sku_price_id: str | None
    sub_account_id: str | None
    sub_account_name: str | None
    sub_account_type: str | None
    tags: Mapping[str, str]
    x_tenant: str | None
    x_team: str | None
    x_model: str | None
    x_feature: str | None
    x_category: str | None
    x_cluster: str | None
    x_namespace: str | None


def _column(field_name: str) -> str:
    """`billed_cost` is `BilledCost`, and `x_team` is `x_Team`."""
    if field_name.startswith("x_"):
        return f"x_{_pascal(field_name.removeprefix('x_'))}"
    return _pascal(field_name)


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


COLUMNS: Mapping[str, str] = {_column(field.name): field.name for field in fields(FocusRow)}
"""The columns in their order, and the field of `FocusRow` that each one holds."""


def focus_row(
    line: ChargeLine, account: BillingAccount, invoice_id: str | None = None
) -> FocusRow:
    """Write a charge in FOCUS' columns.

    Unit prices are cost / quantity to 50 digits, so that price x quantity gives the cost back
    to its 12th place. A charge billed in a later month than its own has the class `Correction`.
    """
    taxed = line.charge_category is ChargeCategory.TAX
    billing, charged = line.billing_period, line.charge_period
    sku, tags = line.sku, line.tags
    return FocusRow(
        billed_cost=line.billed_cost.amount,
        billing_account_id=account.id,
        billing_account_name=account.name,
        billing_currency=line.billed_cost.currency,
        billing_period_end=billing.end,
        billing_period_start=billing.start,
        charge_category=line.charge_category,
        charge_class=CORRECTION if line.corrects_closed_month else None,
        charge_description=line.charge_description,
        charge_frequency=_frequency(line),
        charge_period_end=charged.end,
        charge_period_start=charged.start,
        consumed_quantity=line.consumed_quantity,
        consumed_unit=line.consumed_unit,
        contracted_cost=line.contracted_cost.amount,
        contracted_unit_price=_unit_price(line, line.contracted_cost),
        effective_cost=line.effective_cost.amount,
        invoice_id=invoice_id,
        invoice_issuer_name=line.invoice_issuer,
        list_cost=line.list_cost.amount,
        list_unit_price=_unit_price(line, line.list_cost),
        pricing_category=None if taxed else line.pricing_category,
        pricing_quantity=line.pricing_quantity,
        pricing_unit=line.pricing_unit,
        provider_name=line.provider,
        publisher_name=line.publisher,
        region_id=line.region.id if line.region else None,
        region_name=line.region.name if line.region else None,
        resource_id=line.resource.id if line.resource else None,
        resource_name=line.resource.name if line.resource else None,
        resource_type=line.resource.type if line.resource else None,
        service_category=line.service_category,
        service_name=line.service_name,
        service_subcategory=line.service_subcategory,
        sku_id=sku.id if sku else None,
        sku_meter=sku.meter if sku else None,
        sku_price_details=None,
        sku_price_id=(sku.price_id or sku.id) if sku else None,
        sub_account_id=line.sub_account.id if line.sub_account else None,
        sub_account_name=line.sub_account.name if line.sub_account else None,
        sub_account_type=line.sub_account.type if line.sub_account else None,
        tags=dict(sorted(tags.items())),
        x_tenant=tags.get("tenant"),
        x_team=tags.get("team"),
        x_model=tags.get("model"),
        x_feature=tags.get("feature"),
        x_category=tags.get("category"),
        x_cluster=tags.get("cluster"),
        x_namespace=tags.get("namespace"),
    )


def _frequency(line: ChargeLine) -> ChargeFrequency:
    if line.charge_frequency:
        return line.charge_frequency
    usage = line.charge_category is ChargeCategory.USAGE
    return ChargeFrequency.USAGE_BASED if usage else ChargeFrequency.ONE_TIME


def _unit_price(line: ChargeLine, cost: Money) -> Decimal | None:
    if not line.has_unit_price or line.pricing_quantity is None:
        return None
    if not line.pricing_quantity:
        return Decimal(0)  # nothing was used, and nothing was charged
    return abs(_UNIT_PRICE.divide(cost.amount, line.pricing_quantity))
