"""What the usage in files cost: groups of records, priced, and summed by what was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from math import floor
from operator import add, mul
from typing import NamedTuple

from bursar.domain.money import Money
from bursar.domain.usage.price_books import PublishedPrices
from bursar.domain.usage.prices import Exact, linear_cost
from bursar.domain.usage.records import TokenCounts

_NO_TOKENS = (0,) * 6


class Dimension(StrEnum):
    MODEL = "model"
    TENANT = "tenant"
    FEATURE = "feature"
    USER = "user"
    DAY = "day"
    HOUR = "hour"


class PricedAs(NamedTuple):
    """What one price row and context tier hold for.

    `at` and `mean_input`, rounded up, are those of one of the records; `at` is None where no
    record needs it.
    """

    provider: str
    model: str
    batch: bool
    at: datetime | None = None
    mean_input: int = 0


class UsageGroup(NamedTuple):
    """Sums of records that are priced alike. A tuple: there may be as many as records.

    `by` are the values of the dimensions asked for, `tokens` the counts of `TokenCounts`, each in
    their order.
    """

    by: tuple[str, ...]
    priced: PricedAs
    requests: int
    tokens: Sequence[int]


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


class _Sum:
    """`units` are of 10^-12 USD, before rounding; None where nothing of it has a price."""

    __slots__ = ("requests", "tokens", "units")

    def __init__(self, units: Exact | None = None) -> None:
        self.requests = 0
        self.tokens: Sequence[int] = _NO_TOKENS
        self.units = units

    def add(self, requests: int, tokens: Sequence[int], units: Exact | None) -> None:
        self.requests += requests
        self.tokens = tokens if self.tokens is _NO_TOKENS else [*map(add, self.tokens, tokens)]
        if units is not None:
            self.units = units if self.units is None else self.units + units

    def row(self, by: tuple[str, ...], units: int) -> CostRow:
        usd = None if self.units is None else Money.from_units(units)
        return CostRow(by, self.requests, TokenCounts(*self.tokens), usd)


def price_groups(
    groups: Iterable[UsageGroup], book: PublishedPrices, now: datetime
) -> tuple[list[CostRow], CostRow, list[Unpriced]]:
    """Rows in the order of their dimensions, their total, and the tokens without a price.

    Prices apply to whole sums, and only the total is rounded, half-even at 10^-12 USD; the rows
    get what they come to, rounded so that they sum to it. `now` is when a model is priced whose
    price does not depend on the time.
    """
    sums: dict[tuple[str, ...], _Sum] = {}
    unpriced: dict[str, _Sum] = {}
    prices = cache(lambda priced: _linear_price(priced, book, now))
    for by, priced, requests, tokens in groups:
        price = prices(priced)
        units = None if price is None else sum(map(mul, price, (*tokens, requests)))
        if units is None:
            unpriced.setdefault(priced.model, _Sum()).add(requests, tokens, None)
        if (row := sums.get(by)) is None:
            row = sums[by] = _Sum()
        row.add(requests, tokens, units)
    keys = sorted(sums)
    rounded = _rounded([sums[key].units or 0 for key in keys])
    total = _Sum(units=0)
    for row in sums.values():
        total.add(row.requests, row.tokens, row.units)
    return (
        [sums.pop(key).row(key, units) for key, units in zip(keys, rounded, strict=True)],
        total.row((), sum(rounded)),
        [Unpriced(model, TokenCounts(*unpriced[model].tokens)) for model in sorted(unpriced)],
    )


def _linear_price(
    priced: PricedAs, book: PublishedPrices, now: datetime
) -> tuple[Exact, ...] | None:
    price = book.price_at(priced.provider, priced.model, priced.at or now)
    if price is None:
        return None
    return linear_cost(price.rates_for(priced.mean_input, batch=priced.batch))


def _rounded(exact: Sequence[Exact]) -> list[int]:
    """Whole units that sum to the rounded sum: down, and the rest to the largest remainders."""
    parts = [floor(each) for each in exact]
    if left := round(sum(exact)) - sum(parts):
        by_remainder = sorted(range(len(exact)), key=lambda n: parts[n] - exact[n])
        for n in by_remainder[:left]:
            parts[n] += 1
    return parts
