"""FOCUS cost and usage, 1.0 and later, of any provider. Its rows carry no key of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bursar.adapters.bill_files.tables import open_table
from bursar.domain.bills import NOT_NAMED, BillRow

_COLUMNS = (
    ["ChargePeriodStart"],
    ["BilledCost"],
    ["BillingCurrency"],
    ["ProviderName", "ServiceProviderName"],  # the second is its name since FOCUS 1.3
    ["ServiceName"],
    ["ChargeCategory"],
)


def read_focus(path: Path) -> Iterator[BillRow]:
    """The rows of a file: billed cost, by service name and charge category.

    Raises:
        BillFileError: the file has other columns, or a row cannot be read.
        OSError: it cannot be opened.
    """
    with open_table(path) as table:
        start, cost, currency, provider, service, category = table.positions(*_COLUMNS)
        for row in table.rows:
            place, values = row
            yield BillRow(
                day=table.day(row, start),
                amount=table.amount(row, cost),
                currency=table.currency(row, currency),
                provider=values[provider] or NOT_NAMED,
                service=values[service] or NOT_NAMED,
                charge_type=values[category] or NOT_NAMED,
                place=f"{path}, {place}",
            )
