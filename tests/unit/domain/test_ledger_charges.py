"""The ledger's lines as FOCUS charges."""

from __future__ import annotations

from decimal import Decimal

from bursar.domain.focus import ChargeCategory, ServiceCategory
from bursar.domain.focus.ledger_charges import ledger_charges
from bursar.domain.ledger.lines import Statement
from bursar.domain.money import Money
from bursar.domain.periods import month_window
from bursar.domain.quality import Quality
from tests.unit.domain.sample_statements import LINE_MAPS, NOVEMBER, bought, day_at, pods
from tests.unit.for_all import for_all


def day(lines) -> Statement:
    return Statement(day_at(NOVEMBER), lines, Quality.FINAL, 0)


def test_tokens_are_priced_by_the_million() -> None:
    told = day(bought("acme", "3", "search", (900_000, 100_000), provider="openai"))
    [charge] = ledger_charges(told, "2026-11")
    assert (charge.provider, charge.service_name) == ("OpenAI", "OpenAI API")
    assert (charge.pricing_quantity, charge.consumed_quantity) == (Decimal(1), Decimal(10**6))
    assert charge.tags["team"] == "search"


def test_a_share_of_a_cluster_is_priced_by_the_hour_of_its_day() -> None:
    [charge] = ledger_charges(day(pods("acme", "48")), "2026-11")
    assert (charge.provider, charge.service_category) == ("AWS", ServiceCategory.COMPUTE)
    assert (charge.consumed_quantity, charge.consumed_unit) == (Decimal(24), "Hours")
    assert charge.sub_account is not None
    assert charge.sub_account.id == "prod"


def test_a_correction_is_charged_to_its_month_and_billed_in_this_one() -> None:
    [charge] = ledger_charges(day(bought("acme", "3", adjusts="2026-10")), "2026-11")
    assert charge.corrects_closed_month
    assert charge.charge_period == month_window("2026-10")
    assert charge.billing_period == month_window("2026-11")


def test_an_amount_below_zero_is_an_adjustment() -> None:
    [charge] = ledger_charges(day(pods("acme", "-1")), "2026-11")
    assert charge.charge_category is ChargeCategory.ADJUSTMENT


@for_all(lines=LINE_MAPS)
def test_the_charges_of_any_lines_sum_to_their_total(lines) -> None:
    told = day(lines)
    charges = list(ledger_charges(told, "2026-11"))
    assert Money.sum(each.billed_cost for each in charges) == told.total
