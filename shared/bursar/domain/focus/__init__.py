"""FOCUS 1.2: what a charge is called and where it stands, so that any FinOps tool reads it."""

from bursar.domain.focus.charge_lines import (
    BillingAccount,
    ChargeLine,
    ChargeLineError,
    Region,
    Resource,
    Sku,
    SubAccount,
)
from bursar.domain.focus.charges import (
    SUBCATEGORIES,
    ChargeCategory,
    ChargeFrequency,
    PricingCategory,
    ServiceCategory,
)
from bursar.domain.focus.rows import COLUMNS, CORRECTION, FocusRow, focus_row

__all__ = [
    "COLUMNS",
    "CORRECTION",
    "SUBCATEGORIES",
    "BillingAccount",
    "ChargeCategory",
    "ChargeFrequency",
    "ChargeLine",
    "ChargeLineError",
    "FocusRow",
    "PricingCategory",
    "Region",
    "Resource",
    "ServiceCategory",
    "Sku",
    "SubAccount",
    "focus_row",
]
