"""A price book from a CSV file, `instance_type,usd_per_hour`: for a laptop without an account."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from decimal import InvalidOperation
from pathlib import Path
from typing import Any

from bursar.domain.money import AmountOutOfRangeError, Money
from bursar.domain.prices import PriceKey, PriceRow, on_demand

HEADER = ["instance_type", "usd_per_hour"]
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)  # the file gives no dates: its prices hold throughout


class CsvPricesError(ValueError):
    """The file is not a list of prices; the message names the line."""


class CsvPriceBook:
    """On-demand instance-hours of one region, as a person wrote them down."""

    def __init__(self, path: Path, region: str) -> None:
        """Read the whole file.

        Raises:
            CsvPricesError: the header is another, or a line is no type with an amount above 0.
        """
        self._rows = _read(path, region)

    def prices_at(self, keys: Collection[PriceKey], at: datetime) -> Mapping[PriceKey, PriceRow]:
        return {key: row for key in keys if (row := self._rows.get(key)) and at >= _ALWAYS}


def _read(path: Path, region: str) -> dict[PriceKey, PriceRow]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise CsvPricesError(f"{path}, line {line}: is not UTF-8") from None
    lines = csv.reader(io.StringIO(text, newline=""))
    try:
        return _rows(lines, path, region)
    except csv.Error as error:
        raise CsvPricesError(f"{path}, line {lines.line_num}: {error}") from None


def _rows(lines: Any, path: Path, region: str) -> dict[PriceKey, PriceRow]:
    rows: dict[PriceKey, PriceRow] = {}
    header: list[str] = next(lines, [])
    if header != HEADER:
        raise CsvPricesError(f"{path}, line 1: {','.join(header)!r} is not {','.join(HEADER)}")
    for line in lines:
        where = f"{path}, line {lines.line_num}"
        if not line:
            continue
        if len(line) != len(HEADER) or not line[0].strip():
            raise CsvPricesError(f"{where}: {','.join(line)!r} is not a type and an amount")
        key = on_demand(region, line[0].strip())
        if key in rows:
            raise CsvPricesError(f"{where}: {key.item} stands twice")
        rows[key] = PriceRow(
            key=key,
            usd=_amount(line[1], where),
            unit="hour",
            source=f"file {path.name}",
            effective_from=_ALWAYS,
        )
    return rows


def _amount(text: str, where: str) -> Money:
    try:
        usd = Money.of(text.strip())
    except (InvalidOperation, AmountOutOfRangeError):
        raise CsvPricesError(f"{where}: {text!r} is not an amount") from None
    if usd <= Money.zero():
        raise CsvPricesError(f"{where}: a price is above 0")
    return usd
