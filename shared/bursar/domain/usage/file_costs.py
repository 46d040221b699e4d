"""What the usage in files cost: groups of records, priced, and summed by what was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from math import floor

from bursar.domain.money import Money
from bursar.domain.usage.price_books import PublishedPrices
from bursar.domain.usage.prices import exact_cost
from bursar.domain.usage.records import TokenCounts


class Dimension(StrEnum):
    MODEL = "model"
    TENANT = "tenant"
    FEATURE = "feature"
    USER = "user"
    DAY = "day"
    HOUR = "hour"


@dataclass(frozen=True, slots=True)
class UsageGroup:
    """Sums of records that one price row and context tier hold for.

    `by` are the values of the dimensions asked for, in their order. `at` and `mean_input` are
    those of one of the records; `at` is None where no record needs it.
    """

    by: tuple[str, ...]
    provider: str
    model: str
    batch: bool
    at: datetime | None
    mean_input: Fraction
    requests: int
    tokens: TokenCounts


@dataclass(frozen=True, slots=True)
class CostRow:
    """`usd` is None where nothing of the row has a price; else it is of the part that has."""

    by: tuple[str, ...]
    requests: int
    tokens: TokenCounts
    usd: Money | None


@dataclass(frozen=True, slots=True)
class Unpriced:
    model: str
    tokens: TokenCounts


@dataclass(frozen=True, slots=True)
class RejectedLine:
    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class UsageCosts:
    """Rows sum to the total exactly. Of an id told again the first telling counts: with the same
    body the others are duplicates, else conflicts."""

    by: tuple[Dimension, ...]
    rows: Sequence[CostRow]
    total: CostRow
    unpriced: Sequence[Unpriced]
    duplicates: int = 0
    conflicts: int = 0
    rejected: Sequence[RejectedLine] = ()


@dataclass(slots=True)
class _Sum:
    requests: int = 0
    tokens: TokenCounts = field(default_factory=TokenCounts)
    units: Fraction | None = None  # of 10^-12 USD, before rounding

    def add(self, group: UsageGroup, units: Fraction | None) -> None:
        self.requests += group.requests
        self.tokens += group.tokens
        if units is not None:
            self.units = units + (self.units or 0)

    def row(self, by: tuple[str, ...], units: int | None) -> CostRow:
        usd = None if units is None else Money.from_units(units)
        return CostRow(by, self.requests, self.tokens, usd)


def price_groups(
    groups: Iterable[UsageGroup], book: PublishedPrices, now: datetime
) -> tuple[list[CostRow], CostRow, list[Unpriced]]:
    """Rows in the order of their dimensions, their total, and the tokens without a price.

    Prices apply to whole sums, and only the total is rounded, half-even at 10^-12 USD; the rows
    get what they come to, rounded so that they sum to it. `now` is when a model is priced whose
    price does not depend on the time.
    """
    sums: dict[tuple[str, ...], _Sum] = {}
    total = _Sum(units=Fraction(0))
    unpriced: dict[str, TokenCounts] = {}
    for group in groups:
        units = _units(group, book, now)
        sums.setdefault(group.by, _Sum()).add(group, units)
        total.add(group, units)
        if units is None:
            unpriced[group.model] = unpriced.get(group.model, TokenCounts()) + group.tokens
    keys = sorted(sums)
    rounded = _rounded([sums[key].units or Fraction(0) for key in keys])
    rows = [
        sums[key].row(key, None if sums[key].units is None else units)
        for key, units in zip(keys, rounded, strict=True)
    ]
    return (
        rows,
        total.row((), sum(rounded)),
        [Unpriced(model, unpriced[model]) for model in sorted(unpriced)],
    )


def _units(group: UsageGroup, book: PublishedPrices, now: datetime) -> Fraction | None:
    price = book.price_at(group.provider, group.model, group.at or now)
    if price is None:
        return None
    rates = price.rates_for(group.mean_input, batch=group.batch)
    amounts = exact_cost(group.tokens, group.requests, rates).values()
    return sum(filter(None, amounts), Fraction(0))


def _rounded(exact: Sequence[Fraction]) -> list[int]:
    """Whole units that sum to the rounded sum: down, and the rest to the largest remainders."""
    parts = [floor(each) for each in exact]
    left = round(sum(exact, Fraction(0))) - sum(parts)
    by_remainder = sorted(range(len(exact)), key=lambda n: parts[n] - exact[n])
    for n in by_remainder[:left]:
        parts[n] += 1
    return parts
