"""The ledger's lines as FOCUS charges."""

from __future__ import annotations

from decimal import Decimal

from bursar.domain.focus import ChargeCategory, ServiceCategory, focus_row
from bursar.domain.focus.ledger_charges import ledger_charges
from bursar.domain.ledger.lines import CostCategory, Line, Statement
from bursar.domain.money import Money
from bursar.domain.periods import month_window
from bursar.domain.quality import Quality
from tests.unit.domain.sample_statements import LINE_MAPS, NOVEMBER, bought, day_at, pods
from tests.unit.for_all import for_all
from tests.unit.sample_charges import ACCOUNT


def day(lines) -> Statement:
    return Statement(day_at(NOVEMBER), lines, Quality.FINAL, 0)


def test_tokens_are_consumed_and_the_metered_dollar_is_what_has_a_price() -> None:
    told = day(bought("acme", "3", "search", (900_000, 100_000), provider="openai"))
    [charge] = ledger_charges(told, "2026-11")
    assert (charge.provider, charge.service_name) == ("OpenAI", "OpenAI API")
    assert (charge.consumed_quantity, charge.consumed_unit) == (Decimal(10**6), "Tokens")
    assert (charge.pricing_quantity, charge.pricing_unit) == (Decimal(3), "USD")
    assert focus_row(charge, ACCOUNT).list_unit_price == 1
    assert charge.tags["team"] == "search"


def test_a_providers_charges_have_one_name_and_sku_however_it_was_booked() -> None:
    spelled = [bought("acme", "3", provider=name) for name in ("aws", "bedrock", "AWS")]
    charges = list(ledger_charges(day({**spelled[0], **spelled[1], **spelled[2]}), "2026-11"))
    named = {(each.provider, each.service_name, each.sku and each.sku.id) for each in charges}
    assert named == {("AWS", "Amazon Bedrock", "aws/claude")}
    assert sum(each.billed_cost.amount for each in charges) == 9  # 3 x 3


def test_a_share_of_a_cluster_is_as_many_dollars_as_it_cost_and_no_hours() -> None:
    [charge] = ledger_charges(day(pods("acme", "48")), "2026-11")
    assert (charge.provider, charge.service_category) == ("AWS", ServiceCategory.COMPUTE)
    assert (charge.consumed_quantity, charge.consumed_unit) == (Decimal(48), "USD")
    assert charge.sub_account is not None
    assert charge.sub_account.id == "prod"


def test_a_sku_has_one_price_whatever_the_days_and_owners_and_tokens_cost() -> None:
    days = [
        day(pods("acme", "48") | pods("globex", "7")),
        day(bought("acme", "3", "search", (900_000, 100_000), provider="openai")),
        day(bought("acme", "9", "search", (10, 1), provider="openai")),
    ]
    rows = [focus_row(each, ACCOUNT) for told in days for each in ledger_charges(told, "2026-11")]
    assert len({row.sku_price_id for row in rows}) == 2
    assert {row.list_unit_price for row in rows} == {Decimal(1)}


def test_a_service_has_one_category() -> None:
    [key] = pods("acme", "1")
    lines = {key._replace(category=each): Line(10**12) for each in CostCategory}
    charges = list(ledger_charges(day(lines), "2026-11"))
    categories = {(each.service_name, each.service_category) for each in charges}
    assert len(categories) == len({name for name, _ in categories}) == 3


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
