"""One charge of every kind that an export holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bursar.domain.focus import (
    BillingAccount,
    ChargeCategory,
    ChargeFrequency,
    ChargeLine,
    Region,
    Resource,
    ServiceCategory,
    Sku,
    SubAccount,
)
from bursar.domain.money import Money
from bursar.domain.periods import Window, month_of

OCTOBER = datetime(2026, 10, 31, 23, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 3, 5, tzinfo=UTC)
ACCOUNT = BillingAccount("111122223333", "Example Corp")


def hour_at(at: datetime) -> Window:
    return Window(at, at + timedelta(hours=1))


def charge(usd: str = "7", **changes: Any) -> ChargeLine:
    """3 million output tokens of one tenant, in one hour of November."""
    cost = Money.of(usd)
    fields: dict[str, Any] = {
        "charge_period": hour_at(NOVEMBER),
        "provider": "Anthropic",
        "publisher": "Anthropic",
        "invoice_issuer": "Anthropic",
        "service_name": "Claude API",
        "service_category": ServiceCategory.AI,
        "service_subcategory": "Generative AI",
        "charge_category": ChargeCategory.USAGE,
        "charge_description": "Output tokens of claude",
        "billed_cost": cost,
        "effective_cost": cost,
        "list_cost": cost,
        "contracted_cost": cost,
        "pricing_quantity": Decimal(3),
        "pricing_unit": "1000000 Tokens",
        "consumed_quantity": Decimal(3_000_000),
        "consumed_unit": "Tokens",
        "sku": Sku("claude/output", "Output Tokens"),
        "tags": {"team": "search", "tenant": "acme"},
    }
    return ChargeLine(**fields | changes)


UNMEASURED: dict[str, Any] = {
    "pricing_quantity": None,
    "pricing_unit": None,
    "consumed_quantity": None,
    "consumed_unit": None,
    "sku": None,
}


def every_kind() -> list[ChargeLine]:
    return [
        charge(),
        charge(
            "0",
            pricing_quantity=Decimal(0),
            consumed_quantity=Decimal(0),
            sku=Sku("claude/cache", "Cache Reads"),
        ),
        charge(
            "0.123456789012",
            provider="AWS",
            publisher="AWS",
            invoice_issuer="AWS",
            service_name="Amazon EC2",
            service_category=ServiceCategory.COMPUTE,
            service_subcategory="Virtual Machines",
            charge_description="g6.xlarge, llama",
            pricing_quantity=Decimal("0.7"),
            pricing_unit="Hours",
            consumed_quantity=Decimal("0.7"),
            consumed_unit="Hours",
            sku=Sku("SKU1", "Instance Hours", "SKU1.RATE1"),
            sub_account=SubAccount("prod-eu", "Production", "Cluster"),
            resource=Resource("i-0abc", "Instance", "llama-0"),
            region=Region("eu-west-1", "Europe (Ireland)"),
        ),
        charge(
            "100",
            charge_category=ChargeCategory.PURCHASE,
            charge_frequency=ChargeFrequency.RECURRING,
            charge_description="Provisioned throughput",
            effective_cost=Money.zero(),
            consumed_quantity=None,
            consumed_unit=None,
            pricing_unit="Hours",
            sku=Sku("claude/throughput", "Provisioned Throughput"),
        ),
        charge("1.40", charge_category=ChargeCategory.TAX, **UNMEASURED),
        charge("-5", charge_category=ChargeCategory.CREDIT, **UNMEASURED),
        charge("-2", charge_category=ChargeCategory.ADJUSTMENT, **UNMEASURED),
        charge("-2", charge_period=hour_at(OCTOBER), billed_in=month_of(NOVEMBER)),
    ]
