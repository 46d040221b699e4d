"""AWS Cost and Usage Reports: the legacy columns (`lineItem/UnblendedCost`), and those of
CUR 2.0 and Athena (`line_item_unblended_cost`).

A line is known by LineItemId and TimeInterval: AWS repeats the former from day to day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from bursar.adapters.bill_files.tables import (
    BillFileError,
    BillTable,
    open_table,
    read_instant,
    squeezed,
)
from bursar.domain.bills import (
    AWS,
    NOT_NAMED,
    BillRow,
    NotAnAmountError,
    plain_digits,
    read_amount,
)

_COLUMNS = (
    ["identity/LineItemId"],
    ["identity/TimeInterval"],
    ["lineItem/UsageStartDate"],
    ["lineItem/UnblendedCost"],
    ["lineItem/CurrencyCode"],
    ["lineItem/ProductCode"],
    ["lineItem/LineItemType"],
)


def read_cur(path: Path) -> Iterator[BillRow]:
    """The lines of a report: unblended cost, by product code and line item type.

    Raises:
        BillFileError: the file is no such report, or a line cannot be read.
        OSError: it cannot be opened.
    """
    with open_table(path) as table:
        line_item, interval, start, cost, currency, product, kind = table.positions(*_COLUMNS)
        order = _by_name(table)
        for row in table.rows:
            place, values = row
            yield BillRow(
                day=table.day(row, start),
                amount=table.amount(row, cost),
                currency=table.currency(row, currency),
                provider=AWS,
                service=values[product] or NOT_NAMED,
                charge_type=values[kind] or NOT_NAMED,
                place=f"{path}, {place}",
                key=f"{table.text(row, line_item)} {table.text(row, interval)}",
                content=_digest(order, values),
            )


def _by_name(table: BillTable) -> list[tuple[str, int]]:
    """The columns in an order that two files agree on, whatever theirs is."""
    return sorted((squeezed(name), at) for at, name in enumerate(table.header))


def _digest(order: Sequence[tuple[str, int]], values: Sequence[str]) -> bytes:
    told = "\x1f".join(f"{name}={_plain(values[at])}" for name, at in order if values[at])
    return blake2b(told.encode(), digest_size=16).digest()


@lru_cache(maxsize=2**16)
def _plain(text: str) -> str:
    """The one spelling of a number or a time: CSV and Parquet write 9.00 and 9.0 of one line."""
    try:
        return plain_digits(read_amount(text))
    except NotAnAmountError:
        pass
    try:
        return read_instant(text).isoformat()
    except BillFileError:
        return text
