"""A checker of the machine-readable rules of FOCUS 1.2, on rows and on the CSV they became.

Of the 621 rules 222 are checked, 30 of them by hand from their words. Of the others 143 only
name rules that they consist of, 35 are permissions (MAY), 82 are about columns that we leave
out, 35 about abilities that we do not claim, 102 are words that no file can show to be true,
and 2 contradict each other.

A rule is broken by rows that make its condition true and its requirement false. A null breaks
no requirement on a value: whether null is allowed is said by rules of its own.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from bursar.domain.focus import COLUMNS, FocusRow

SUPPORTED = {  # of the model's 18 criteria, those of a provider that writes our columns
    "ACCOUNT_NAMING_SUPPORTED",
    "BILLING_BASED_ON_PROVISIONED_RESOURCES_SUPPORTED",
    "MULTIPLE_PRICING_CATEGORIES_SUPPORTED",
    "MULTIPLE_SUB_ACCOUNT_TYPES_SUPPORTED",
    "NEGOTIATED_PRICING_SUPPORTED",
    "PUBLIC_PRICE_LIST_SUPPORTED",
    "REGION_SUPPORTED",
    "RESOURCE_TYPE_ASSIGNMENT_SUPPORTED",
    "SUB_ACCOUNT_SUPPORTED",
    "TAGGING_SUPPORTED",
    "UNIT_PRICING_SUPPORTED",
    "USAGE_MEASUREMENT_SUPPORTED",
}
CONTRADICTED = {
    "ConsumedQuantity-C-006-C": "its condition says `is Correction`, its text `is not`",
    "InvoiceId-C-004-C": "has no condition, and demands the opposite of InvoiceId-C-005-C",
    "InvoiceId-C-005-C": "has no condition, and demands the opposite of InvoiceId-C-004-C",
    "PricingQuantity-C-008-M": "is never null, where PricingQuantity-C-004-C wants null for taxes",
}
# what a check calls its columns; the last is a slip of the model's, in the rules of resources
_NAMING = ("ColumnName", "ColumnAName", "ColumnBName", "ResultColumnName", "CheckCondition")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(E-?[0-9]+)?")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_UNIT = re.compile(r"([0-9]+ )?[A-Z][A-Za-z]*( [A-Z][A-Za-z]*)*(-[A-Z][a-z]+s|/[A-Z][a-z]+)?")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class Dataset:
    """Rows, and the CSV that was written of them: null is an empty cell, or no column."""

    rows: Sequence[FocusRow]
    columns: Sequence[str]
    cells: Sequence[Mapping[str, str]]

    def value(self, n: int, column: str) -> Any:
        return getattr(self.rows[n], COLUMNS[column]) if column in self.columns else None

    def text(self, n: int, column: str) -> str | None:
        return self.cells[n][column] or None if column in self.columns else None


class FocusRules:
    def __init__(self, model: Mapping[str, Any]) -> None:
        self.rules: Mapping[str, Any] = model["ModelRules"]

    def checkable(self, columns: Iterable[str]) -> list[str]:
        """The rules that can be broken by a file with these columns."""
        return [
            id for id in self.rules if self._machine_checkable(id, set(columns)) or id in BY_HAND
        ]

    def broken(self, data: Dataset) -> dict[str, int]:
        """How many rows (or groups, or files) break each rule."""
        counts = {id: self._breaches(id, data) for id in self.checkable(data.columns)}
        return {id: count for id, count in counts.items() if count}

    def _machine_checkable(self, id: str, columns: set[str]) -> bool:
        rule = self.rules[id]
        criteria = rule["ValidationCriteria"]
        return (
            rule["Function"] != "Composite"  # it holds when the rules it names hold
            and criteria["Keyword"] != "MAY"  # a permission cannot be broken
            and bool(criteria["Requirement"])
            and id not in CONTRADICTED
            and set(rule["ApplicabilityCriteria"]) <= SUPPORTED
            and (rule["Function"] == "Presence" or _named(criteria["Requirement"]) <= columns)
        )

    def _breaches(self, id: str, data: Dataset) -> int:
        if id in BY_HAND:
            return BY_HAND[id](data)
        criteria = self.rules[id]["ValidationCriteria"]
        requirement, condition = criteria["Requirement"], criteria["Condition"]
        match requirement["CheckFunction"]:
            case "ColumnPresent":
                return int(requirement["ColumnName"] not in data.columns)
            case "CheckDistinctCount":
                return _wrong_groups(requirement, data)
        return sum(
            not _holds(requirement, data, n, if_null=True)
            for n in range(len(data.rows))
            if not condition or _holds(condition, data, n, if_null=False)
        )


def _named(check: Any) -> set[str]:
    """The columns that a check speaks of."""
    if isinstance(check, list):
        return set().union(*map(_named, check))
    if not isinstance(check, dict):
        return set()
    own = {
        value for key, value in check.items() if key.startswith("Column") and key[-4:] == "Name"
    }
    own |= {check["ResultColumnName"]} if "ResultColumnName" in check else set()
    return own | _named(check.get("Items", []))


def _column(check: Mapping[str, Any]) -> str:
    name: str = check.get("ColumnName") or check["CheckCondition"]
    return name


def _wrong_groups(check: Mapping[str, Any], data: Dataset) -> int:
    groups: dict[str, set[str | None]] = defaultdict(set)
    for n in range(len(data.rows)):
        if name := data.text(n, check["ColumnAName"]):
            groups[name].add(data.text(n, check["ColumnBName"]))
    return sum(len(found) != check["ExpectedCount"] for found in groups.values())


def _holds(check: Mapping[str, Any], data: Dataset, n: int, *, if_null: bool) -> bool:
    kind = check["CheckFunction"]
    if kind in {"AND", "OR"}:
        parts = [_holds(item, data, n, if_null=if_null) for item in check["Items"]]
        return all(parts) if kind == "AND" else any(parts)
    if kind in {"CheckSameValue", "CheckNotSameValue"}:
        same = data.text(n, check["ColumnAName"]) == data.text(n, check["ColumnBName"])
        return same is (kind == "CheckSameValue")
    if kind == "ColumnByColumnEqualsColumnValue":
        return _product_holds(check, data, n)
    column = _column(check)
    value, text, wanted = data.value(n, column), data.text(n, column), check.get("Value")
    if wanted is None and kind in {"CheckValue", "CheckNotValue"}:
        return (text is None) is (kind == "CheckValue")
    if kind == "CheckNotValue":
        return text is None or not _equals(value, wanted)
    if text is None:
        return if_null
    return _of_one_value(kind, value, text, wanted)


def _of_one_value(kind: str, value: Any, text: str, wanted: Any) -> bool:
    checks: dict[str, Callable[[], object]] = {
        "CheckValue": lambda: _equals(value, wanted),
        "CheckGreaterOrEqualThanValue": lambda: Decimal(text) >= Decimal(str(wanted)),
        "CheckDecimalValue": lambda: _NUMBER.fullmatch(text),
        "CheckNationalCurrency": lambda: _CURRENCY.fullmatch(text),
        "FormatCurrency": lambda: _CURRENCY.fullmatch(text),
        "FormatNumeric": lambda: _NUMBER.fullmatch(text),
        "FormatDateTime": lambda: _INSTANT.fullmatch(text),
        "FormatString": lambda: text.strip() and text.encode(),
        "FormatUnit": lambda: _UNIT.fullmatch(text),
        "FormatKeyValue": lambda: _is_key_value(text),
        "TypeDecimal": lambda: isinstance(value, Decimal),
        "TypeString": lambda: isinstance(value, str),
        "TypeDateTime": lambda: isinstance(value, datetime) and value.utcoffset() is not None,
    }
    return bool(checks[kind]())


def _equals(value: Any, wanted: Any) -> bool:
    return bool(value == (Decimal(str(wanted)) if isinstance(value, Decimal) else wanted))


def _product_holds(check: Mapping[str, Any], data: Dataset, n: int) -> bool:
    """To the 12th place, at which we keep amounts."""
    names = (check["ColumnAName"], check["ColumnBName"], check["ResultColumnName"])
    price, quantity, cost = (data.text(n, name) for name in names)
    if price is None or quantity is None or cost is None:
        return True
    return abs(Decimal(price) * Decimal(quantity) - Decimal(cost)) < Decimal("1E-12") / 2


def _is_key_value(text: str) -> bool:
    told = json.loads(text)
    return isinstance(told, dict) and not any(isinstance(v, dict | list) for v in told.values())


def _rows_where(broken: Callable[[FocusRow], bool]) -> Callable[[Dataset], int]:
    return lambda data: sum(broken(row) for row in data.rows)


def _columns_where(broken: Callable[[str], bool]) -> Callable[[Dataset], int]:
    return lambda data: sum(broken(name) for name in data.columns)


def _own(name: str) -> str:
    return name.removeprefix("x_")


def _cells_of(kind: type, form: re.Pattern[str]) -> Callable[[Dataset], int]:
    return lambda data: sum(
        isinstance(data.value(n, name), kind) and not form.fullmatch(data.cells[n][name])
        for n in range(len(data.rows))
        for name in data.columns
    )


def _custom_columns_are_last(data: Dataset) -> int:
    custom = [name.startswith("x_") for name in data.columns]
    return int(custom != sorted(custom))


def _skus_with_several_prices(data: Dataset) -> int:
    prices: dict[str, set[Decimal]] = defaultdict(set)
    for row in data.rows:
        if row.sku_price_id is not None and row.list_unit_price is not None:
            prices[row.sku_price_id].add(row.list_unit_price)
    return sum(len(found) > 1 for found in prices.values())


def _is_correction(row: FocusRow) -> bool:
    return row.charge_period_start < row.billing_period_start


_FORMATS = {
    **{f"DateTimeFormat-A-00{n}-M": _cells_of(datetime, _INSTANT) for n in (1, 2, 4, 5, 6)},
    **{
        f"NumericFormat-A-{n:03}-M": _cells_of(Decimal, _NUMBER)
        for n in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
    },
}
_NAMES = {
    "ColumnHandling-A-001-M": _columns_where(lambda name: not _own(name)[0].isupper()),
    "ColumnHandling-A-003-M": _columns_where(lambda name: not _own(name).isalnum()),
    "ColumnHandling-A-005-O": _columns_where(lambda name: len(name) > 50),
    "ColumnHandling-A-012-O": _custom_columns_are_last,
    "ColumnHandling-A-013-O": _custom_columns_are_last,
}
_TEXTS = {
    "BillingPeriodStart-C-004-M": _rows_where(
        lambda row: row.billing_period_start >= row.billing_period_end
    ),
    "ChargePeriodStart-C-004-M": _rows_where(
        lambda row: row.charge_period_start >= row.charge_period_end
    ),
    "ChargeClass-C-003-C": _rows_where(
        lambda row: row.charge_class is not None and not _is_correction(row)
    ),
    "ChargeClass-C-004-C": _rows_where(
        lambda row: row.charge_class is None and _is_correction(row)
    ),
    "ConsumedQuantity-C-006-C": _rows_where(
        lambda row: (
            (row.charge_category, row.charge_class) == ("Usage", None)
            and row.consumed_quantity is None
        )
    ),
    "EffectiveCost-C-010-C": _rows_where(
        lambda row: row.charge_category == "Credit" and row.effective_cost != row.billed_cost
    ),
    "PricingQuantity-C-008-M": _rows_where(
        lambda row: row.pricing_quantity is not None and not row.pricing_quantity.is_finite()
    ),
    "ResourceId-C-005-C": _rows_where(
        lambda row: row.resource_id is None and row.resource_type is not None
    ),
    "ResourceName-C-004-C": _rows_where(
        lambda row: row.resource_id is None and row.resource_name is not None
    ),
    "SkuPriceId-C-014-C": _skus_with_several_prices,
}
BY_HAND: Mapping[str, Callable[[Dataset], int]] = {**_FORMATS, **_NAMES, **_TEXTS}
"""Rules that the model gives in words only, or contradicts: checked as their words say."""
