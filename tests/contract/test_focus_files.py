"""FOCUS 1.2 files, held against the specification's own machine-readable rules."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from bursar.adapters.csv_cells import safe_cell
from bursar.adapters.focus_files import write_focus_csv, write_focus_json
from bursar.cli.main import app
from bursar.domain.focus import COLUMNS, ChargeCategory, FocusRow, focus_row
from bursar.domain.focus.ledger_charges import ledger_charges
from bursar.domain.money import Money
from tests.contract.demo_statements import MONTH, demo_days
from tests.contract.focus_rules import BY_HAND, CONTRADICTED, Dataset, FocusRules
from tests.unit.for_all import for_all
from tests.unit.sample_charges import ACCOUNT, UNMEASURED, charge, every_kind

MODEL = Path(__file__).parents[3] / "shared/data/billing/focus_requirements_model-1.2.json.gz"


@pytest.fixture(scope="module")
def rules() -> FocusRules:
    if not MODEL.exists():
        pytest.skip("the model of FOCUS 1.2 is not beside this repository")
    return FocusRules(json.loads(gzip.decompress(MODEL.read_bytes())))


def every_row() -> list[FocusRow]:
    return [focus_row(line, ACCOUNT) for line in every_kind()]


def as_csv(rows: list[FocusRow]) -> str:
    file = io.StringIO(newline="")
    write_focus_csv(rows, file)
    return file.getvalue()


def dataset(rows: list[FocusRow]) -> Dataset:
    lines = csv.DictReader(io.StringIO(as_csv(rows), newline=""))
    cells = list(lines)
    return Dataset(rows, list(lines.fieldnames or ()), cells)


def test_a_file_with_every_kind_of_charge_breaks_no_rule(rules: FocusRules) -> None:
    assert rules.broken(dataset(every_row())) == {}


def test_the_ledgers_own_days_break_no_rule(rules: FocusRules) -> None:
    rows = [
        focus_row(charge, ACCOUNT) for day in demo_days() for charge in ledger_charges(day, MONTH)
    ]
    assert len({row.service_name for row in rows}) > 3  # clusters and model APIs
    assert rules.broken(dataset(rows)) == {}
    assert Money.sum(Money(row.billed_cost) for row in rows) == Money.sum(
        day.total for day in demo_days()
    )


def test_222_of_the_621_rules_are_checked(rules: FocusRules) -> None:
    checked = rules.checkable(COLUMNS)
    assert len(rules.rules) == 621
    assert set(BY_HAND) <= set(checked)
    assert set(CONTRADICTED) <= set(rules.rules)
    assert len(checked) == 222


def edited(n: int, **changes: Any) -> Callable[[list[FocusRow]], None]:
    def edit(rows: list[FocusRow]) -> None:
        rows[n] = replace(rows[n], **changes)

    return edit


USAGE, FREE, NODE, PURCHASE, TAX, CREDIT, CORRECTED = 0, 1, 2, 3, 4, 5, 7


@pytest.mark.parametrize(
    ("rule", "edit"),
    [
        ("BilledCost-C-003-M", edited(USAGE, billed_cost=None)),
        ("BilledCost-C-005-C", edited(USAGE, invoice_issuer_name="A reseller")),
        ("ChargeCategory-C-003-M", edited(USAGE, charge_category="Gift")),
        ("ChargeClass-C-003-C", edited(USAGE, charge_class="Correction")),
        ("ChargeClass-C-004-C", edited(CORRECTED, charge_class=None)),
        ("ChargeClass-C-005-C", edited(CORRECTED, charge_class="Late")),
        ("ChargeFrequency-C-004-C", edited(PURCHASE, charge_frequency="Usage-Based")),
        ("ConsumedQuantity-C-004-C", edited(TAX, consumed_quantity=Decimal(1))),
        ("ConsumedUnit-C-006-C", edited(USAGE, consumed_unit=None)),
        ("ContractedUnitPrice-C-011-C", edited(USAGE, contracted_unit_price=Decimal(2))),
        ("EffectiveCost-C-005-C", edited(PURCHASE, effective_cost=Decimal(1))),
        ("EffectiveCost-C-010-C", edited(CREDIT, effective_cost=Decimal(1))),
        ("ListUnitPrice-C-005-C", edited(USAGE, list_unit_price=None)),
        ("ListUnitPrice-C-008-M", edited(USAGE, list_unit_price=Decimal(-1))),
        ("PricingQuantity-C-004-C", edited(TAX, pricing_quantity=Decimal(1))),
        ("PricingUnit-C-003-O", edited(USAGE, pricing_unit="tokens per hour")),
        ("RegionName-C-005-C", edited(NODE, region_name=None)),
        ("ResourceType-C-005-C", edited(NODE, resource_type=None)),
        ("ServiceName-C-005-C", edited(USAGE, service_category="Compute")),
        ("ServiceSubcategory-C-004-M", edited(USAGE, service_subcategory="Gaming")),
        ("SkuId-C-005-C", edited(USAGE, sku_id=None)),
        ("SkuPriceId-C-008-M", edited(NODE, sku_price_id="claude/output")),
        ("SkuPriceId-C-014-C", edited(FREE, sku_price_id="claude/output", sku_id="claude/output")),
        ("SubAccountName-C-005-C", edited(NODE, sub_account_name=None)),
        ("BillingCurrency-C-006-M", edited(USAGE, billing_currency="dollars")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_rules_notice_a_broken_row(
    rules: FocusRules, rule: str, edit: Callable[[list[FocusRow]], None]
) -> None:
    rows = every_row()
    edit(rows)
    assert rules.broken(dataset(rows)).get(rule) == 1


def test_the_rules_notice_a_missing_column_and_a_misplaced_one(rules: FocusRules) -> None:
    whole = dataset(every_row())
    without = [name for name in whole.columns if name != "ServiceName"]
    assert "CostAndUsage-D-041-M" in rules.broken(Dataset(whole.rows, without, whole.cells))
    turned = list(reversed(whole.columns))
    assert "ColumnHandling-A-012-O" in rules.broken(Dataset(whole.rows, turned, whole.cells))


def test_times_numbers_and_nulls_are_written_as_focus_wants_them() -> None:
    [line] = csv.DictReader(io.StringIO(as_csv([every_row()[CREDIT]]), newline=""))
    assert line["ChargePeriodStart"] == "2026-11-03T05:00:00Z"
    assert line["BilledCost"] == "-5"  # a number: no apostrophe
    assert line["PricingQuantity"] == ""
    assert json.loads(line["Tags"]) == {"team": "search", "tenant": "acme"}


def test_no_text_of_a_csv_can_run_as_a_formula() -> None:
    line = charge(charge_description='=HYPERLINK("x")', tags={"team": "@SUM(1)", "model": "-1"})
    [cells] = csv.DictReader(io.StringIO(as_csv([focus_row(line, ACCOUNT)]), newline=""))
    assert cells["ChargeDescription"] == '\'=HYPERLINK("x")'
    assert cells["x_Team"] == "'@SUM(1)"
    assert cells["x_Model"] == "'-1"


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\ta", "\ra", "\n=1", "\uff1d1"])
def test_what_begins_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert safe_cell(text) == "'" + text


@for_all(text=st.text())
def test_a_safe_cell_is_the_text_or_the_text_behind_an_apostrophe(text: str) -> None:
    assert safe_cell(text) in (text, "'" + text)
    assert not safe_cell(text).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_json_keeps_texts_as_they_are_and_numbers_as_strings() -> None:
    file = io.StringIO()
    rows = [focus_row(charge(charge_description="=1"), ACCOUNT), every_row()[TAX]]
    write_focus_json(rows, file)
    usage, tax = json.loads(file.getvalue())
    assert list(usage) == list(COLUMNS)
    assert (usage["ChargeDescription"], usage["BilledCost"]) == ("=1", "7")
    assert (tax["BilledCost"], tax["SkuId"]) == ("1.4", None)
    assert usage["Tags"] == {"team": "search", "tenant": "acme"}


def test_no_rows_are_an_empty_json_array_and_a_csv_header() -> None:
    file = io.StringIO()
    write_focus_json([], file)
    assert json.loads(file.getvalue()) == []
    assert as_csv([]) == ",".join(COLUMNS) + "\n"


def test_what_is_exported_is_imported_to_the_same_total(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "focus.csv"
    path.write_text(as_csv(every_row()))
    with pytest.raises(SystemExit) as left:
        app(["import", "bill", "--format", "focus", "--json", str(path)])
    assert left.value.code in (0, None)
    told = json.loads(capsys.readouterr().out)
    # 7 + 0 + 0.123456789012 + 100 + 1.40 - 5 - 2 - 2
    assert told["total_usd"] == "99.523456789012"
    assert told["by_type"][ChargeCategory.TAX] == "1.4"


def test_an_unmeasured_charge_has_no_quantity_at_all() -> None:
    row = focus_row(charge("1", charge_category=ChargeCategory.TAX, **UNMEASURED), ACCOUNT)
    assert (row.pricing_quantity, row.pricing_unit, row.sku_id) == (None, None, None)
