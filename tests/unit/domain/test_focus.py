"""A charge in the columns of FOCUS 1.2, and the charges that it has no columns for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import strategies as st

from bursar.domain.focus import (
    COLUMNS,
    SUBCATEGORIES,
    ChargeCategory,
    ChargeFrequency,
    ChargeLineError,
    PricingCategory,
    ServiceCategory,
    focus_row,
)
from bursar.domain.money import Money
from bursar.domain.periods import Window, month_of
from tests.unit.for_all import for_all
from tests.unit.sample_charges import (
    ACCOUNT,
    NOVEMBER,
    OCTOBER,
    UNMEASURED,
    charge,
    hour_at,
)

NOVEMBER_1 = datetime(2026, 11, 1, tzinfo=UTC)


def test_columns_stand_in_the_order_of_the_specification_and_ours_come_last() -> None:
    theirs = [name for name in COLUMNS if not name.startswith("x_")]
    assert theirs == sorted(theirs)
    assert list(COLUMNS) == [*theirs, *(name for name in COLUMNS if name.startswith("x_"))]
    assert COLUMNS["BillingAccountId"] == "billing_account_id"
    assert COLUMNS["x_Team"] == "x_team"


def test_a_unit_price_is_cost_by_quantity() -> None:
    row = focus_row(charge("7", contracted_cost=Money.of("6")), ACCOUNT)
    assert row.list_unit_price is not None
    assert str(row.list_unit_price)[:8] == "2.333333"  # 7 / 3
    assert row.contracted_unit_price == 2  # 6 / 3


def test_tags_stand_in_columns_of_ours_too() -> None:
    row = focus_row(charge(tags={"team": "search", "owner": "=cmd"}), ACCOUNT)
    assert row.tags == {"owner": "=cmd", "team": "search"}
    assert (row.x_team, row.x_tenant) == ("search", None)


def test_a_charge_is_billed_in_its_own_month() -> None:
    row = focus_row(charge(), ACCOUNT)
    assert row.billing_period_start == NOVEMBER_1
    assert row.billing_period_end == datetime(2026, 12, 1, tzinfo=UTC)
    assert row.charge_class is None


def test_a_charge_of_a_closed_month_is_a_correction_without_a_unit_price() -> None:
    late = charge("-2", charge_period=hour_at(OCTOBER), billed_in=month_of(NOVEMBER))
    row = focus_row(late, ACCOUNT)
    assert row.charge_class == "Correction"
    assert row.charge_period_start == OCTOBER
    assert row.billing_period_start == NOVEMBER_1
    assert row.list_unit_price is None


def test_a_tax_has_no_pricing_category_and_stands_once() -> None:
    row = focus_row(charge(charge_category=ChargeCategory.TAX, **UNMEASURED), ACCOUNT)
    assert row.pricing_category is None
    assert row.charge_frequency is ChargeFrequency.ONE_TIME


def test_usage_on_the_spot_market_is_priced_dynamically() -> None:
    row = focus_row(charge(pricing_category=PricingCategory.DYNAMIC), ACCOUNT)
    assert (row.pricing_category, row.charge_frequency) == ("Dynamic", "Usage-Based")


def test_every_category_has_a_subcategory_for_the_rest() -> None:
    assert set(SUBCATEGORIES) == set(ServiceCategory)
    assert SUBCATEGORIES[ServiceCategory.OTHER] == ("Other (Other)",)
    assert SUBCATEGORIES[ServiceCategory.AI][-1] == "Other (AI and Machine Learning)"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"charge_period": Window(NOVEMBER, NOVEMBER)}, "charge_period has no length"),
        ({"billed_in": hour_at(NOVEMBER)}, "billed_in is no UTC month"),
        ({"billed_in": month_of(OCTOBER)}, "begins after the month it is billed in"),
        ({"provider": " "}, "provider is empty"),
        ({"service_subcategory": "Gaming"}, "Gaming is not part of AI and Machine Learning"),
        ({"list_cost": Money.of("7", "EUR")}, "several currencies"),
        ({"sku": None}, "have a sku"),
        ({"pricing_quantity": None, "pricing_unit": None}, "and a pricing_quantity"),
        ({"pricing_unit": None}, "pricing_quantity and pricing_unit go together"),
        ({"pricing_quantity": Decimal("NaN")}, "pricing_quantity is not finite"),
        ({"pricing_quantity": Decimal(0)}, "list_cost without a quantity"),
        ({"pricing_quantity": Decimal(-3)}, "differ in sign"),
        ({"consumed_quantity": None, "consumed_unit": None}, "usage has a consumed_quantity"),
        ({"charge_category": ChargeCategory.PURCHASE}, "only usage has a consumed_quantity"),
        ({"charge_category": ChargeCategory.TAX}, "a tax has neither"),
        (
            {**UNMEASURED, "charge_category": ChargeCategory.CREDIT, "billed_cost": Money.of(1)},
            "a credit's effective_cost is its billed_cost",
        ),
        (
            {
                "charge_category": ChargeCategory.PURCHASE,
                "charge_frequency": ChargeFrequency.USAGE_BASED,
            },
            "one-time or recurring",
        ),
    ],
    ids=range(17),
)
def test_a_charge_that_focus_forbids_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ChargeLineError, match="Output tokens of claude") as caught:
        charge(**changes)
    assert said in str(caught.value)


units = st.integers(min_value=1, max_value=10**24)


@for_all(cost=units, quantity=units, hours_late=st.integers(min_value=0, max_value=2_000))
def test_price_times_quantity_is_the_cost_to_the_twelfth_place(
    cost: int, quantity: int, hours_late: int
) -> None:
    amount = Money.from_units(cost)
    period = hour_at(NOVEMBER + timedelta(hours=hours_late))
    line = charge(amount.plain(), pricing_quantity=Decimal(quantity), charge_period=period)
    row = focus_row(line, ACCOUNT)
    assert row.list_unit_price is not None
    error = Fraction(row.list_unit_price) * quantity - Fraction(amount.amount)
    assert abs(error) < Fraction(1, 10**13)
    assert row.billing_period_start <= row.charge_period_start < row.billing_period_end
