"""A provider's bill, row by row, and what it says in total: exact, and each currency apart.

Amounts here are plain `Decimal`, not `Money`: a bill may carry more than 12 places, and its
total must be its rows' total to the last digit.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Context, Decimal, Inexact, InvalidOperation
from hashlib import blake2b
from typing import NamedTuple

AWS = "AWS"
USD = "USD"
NOT_NAMED = "(not named)"  # what a bill does not break down by service or type

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_LONGEST = 64
_CEILING = Decimal(10**26)  # what `Money` can hold
_FINEST = -40  # the last decimal place
_EXACT = Context(prec=90, traps=[InvalidOperation, Inexact])


class NotAnAmountError(ValueError):
    """A text is no finite decimal number below 10^26 with at most 40 places."""


class BillRow(NamedTuple):
    """One charge. Rows with the same `key` are one row; `content` tells whether they agree."""

    day: date
    amount: Decimal
    currency: str
    provider: str
    service: str
    charge_type: str
    place: str
    key: str | None = None  # None: rows of this kind of bill have no key
    content: bytes = b""


class MissingPage(NamedTuple):
    """What is told of a bill that goes on in none of its files; `place` is where it breaks off."""

    place: str


@dataclass(frozen=True, slots=True)
class BillConflict:
    """A row whose key was there before with other content; the first one counts."""

    place: str
    key: str


@dataclass(frozen=True, slots=True)
class BillSummary:
    """What a bill comes to. Every breakdown of the rows in USD adds up to their total; names
    at zero are in it too.

    `rows` counts every row once, whatever its currency. `duplicates` is None where rows have
    no key to be recognised by. With `missing_pages` the bill is more than this.
    """

    rows: int
    total_usd: Decimal
    by_service: Mapping[str, Decimal]
    by_day: Mapping[date, Decimal]
    by_type: Mapping[str, Decimal]
    by_provider: Mapping[str, Decimal]
    rows_by_provider: Mapping[str, int]
    other_currencies: Mapping[str, Decimal]
    duplicates: int | None
    conflicts: tuple[BillConflict, ...]
    missing_pages: tuple[MissingPage, ...] = ()


def read_amount(text: str) -> Decimal:
    """The exact number that a text spells, also in E notation.

    Raises:
        NotAnAmountError: it spells none, or one that no bill can hold.
    """
    stripped = text.strip()
    if len(stripped) > _LONGEST or not _NUMBER.fullmatch(stripped):
        raise NotAnAmountError(f"{_shortened(text)} is not an amount")
    amount = Decimal(stripped)
    exponent = amount.as_tuple().exponent
    if amount.copy_abs() >= _CEILING or not isinstance(exponent, int) or exponent < _FINEST:
        raise NotAnAmountError(f"{_shortened(text)} is out of range")
    return amount


def plain_digits(amount: Decimal) -> str:
    """All digits that matter and no exponent, as `Money.plain` writes them."""
    text = f"{amount:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def summarise_bill(told: Iterable[BillRow | MissingPage]) -> BillSummary:
    """Add up a bill in one pass; only a digest of each key is held."""
    tally = _Tally()
    missing: list[MissingPage] = []
    for each in told:
        if isinstance(each, MissingPage):
            missing.append(each)
        else:
            tally.add(each)
    return replace(tally.summary(), missing_pages=tuple(missing))


class _Tally:
    def __init__(self) -> None:
        self._seen: dict[bytes, bytes] = {}
        self._keyed = False
        self._rows = 0
        self._duplicates = 0
        self._conflicts: list[BillConflict] = []
        self._services: dict[str, Decimal] = defaultdict(Decimal)
        self._days: dict[date, Decimal] = defaultdict(Decimal)
        self._types: dict[str, Decimal] = defaultdict(Decimal)
        self._providers: dict[str, Decimal] = defaultdict(Decimal)
        self._provider_rows: dict[str, int] = defaultdict(int)
        self._others: dict[str, Decimal] = defaultdict(Decimal)

    def add(self, row: BillRow) -> None:
        if row.key is not None and self._was_told(row, row.key):
            return
        self._rows += 1
        self._provider_rows[row.provider] += 1
        if row.currency != USD:
            self._others[row.currency] = _EXACT.add(self._others[row.currency], row.amount)
            return
        self._days[row.day] = _EXACT.add(self._days[row.day], row.amount)
        for sums, name in (
            (self._services, row.service),
            (self._types, row.charge_type),
            (self._providers, row.provider),
        ):
            sums[name] = _EXACT.add(sums[name], row.amount)

    def _was_told(self, row: BillRow, key: str) -> bool:
        self._keyed = True
        digest = blake2b(key.encode(), digest_size=16).digest()
        if digest not in self._seen:
            self._seen[digest] = row.content
            return False
        if self._seen[digest] == row.content:
            self._duplicates += 1
        else:
            self._conflicts.append(BillConflict(row.place, key))
        return True

    def summary(self) -> BillSummary:
        total = Decimal(0)
        for amount in self._days.values():
            total = _EXACT.add(total, amount)
        return BillSummary(
            rows=self._rows,
            total_usd=total,
            by_service=dict(sorted(self._services.items())),
            by_day=dict(sorted(self._days.items())),
            by_type=dict(sorted(self._types.items())),
            by_provider=dict(sorted(self._providers.items())),
            rows_by_provider=dict(sorted(self._provider_rows.items())),
            other_currencies=dict(sorted(self._others.items())),
            duplicates=self._duplicates if self._keyed or not self._rows else None,
            conflicts=tuple(self._conflicts),
        )


def _shortened(text: str) -> str:
    return repr(text if len(text) <= _LONGEST else text[:_LONGEST] + "...")
