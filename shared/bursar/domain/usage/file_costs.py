"""What the usage in files cost: groups of records, priced, and summed by what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from math import lcm
from operator import add
from typing import Any, NamedTuple

import numpy as np

from bursar.domain.money import Money
from bursar.domain.usage.cost_rows import CostRow, CostRows, Mask
from bursar.domain.usage.grouped_usage import (
    EXACT_INTEGERS,
    TOKENS,
    GroupedUsage,
    Labels,
    Numbers,
    PricedAs,
    first_of_each,
    merged,
)
from bursar.domain.usage.price_books import PublishedPrices
from bursar.domain.usage.prices import Exact, linear_cost
from bursar.domain.usage.records import TokenCounts

_PRICED = (*TOKENS, "requests")  # what `linear_cost` has a price for, in its order
_NOTHING = (0,) * len(_PRICED)


class Dimension(StrEnum):
    MODEL = "model"
    TENANT = "tenant"
    FEATURE = "feature"
    USER = "user"
    DAY = "day"
    HOUR = "hour"


class Unpriced(NamedTuple):
    model: str
    tokens: TokenCounts


class RejectedLine(NamedTuple):
    file: str
    line: int
    reason: str


class UsageCosts(NamedTuple):
    """Rows sum to the total exactly. Of an id told again the first telling counts: with the same
    body the others are duplicates, else conflicts."""

    by: tuple[Dimension, ...]
    rows: CostRows
    total: CostRow
    unpriced: Sequence[Unpriced]
    duplicates: int = 0
    conflicts: int = 0
    rejected: Sequence[RejectedLine] = ()


class _Prices(NamedTuple):
    """What one more of each of _PRICED costs, in so many parts of 10^-12 USD; `known` are the
    prices that there are."""

    parts: Sequence[Sequence[int]]
    parts_of_a_unit: int
    known: Mask


def price_groups(
    groups: GroupedUsage, book: PublishedPrices, now: datetime
) -> tuple[CostRows, CostRow, list[Unpriced]]:
    """Rows in the order of their dimensions, their total, and the tokens without a price.

    Prices apply to whole sums, and only the total is rounded, half-even at 10^-12 USD; the rows
    get what they come to, rounded so that they sum to it. Where nothing has a price the total has
    none either. `now` is when a model is priced whose
    price does not depend on the time.
    """
    groups = merged(groups)
    prices = _prices(groups.prices, book, now)
    known = prices.known[groups.priced]
    rows = first_of_each([labels.codes for labels in groups.by])
    units, total = _rounded(np.add.reduceat(_costs(groups, prices), rows), prices.parts_of_a_unit)
    sums = {name: np.add.reduceat(told, rows) for name, told in groups.sums.items()}
    counts = {name: int(told.sum()) for name, told in sums.items()}
    tokens = TokenCounts(*(counts.get(name, 0) for name in TOKENS))
    by = [Labels(texts, codes[rows]) for texts, codes in groups.by]
    usd = Money.from_units(total) if known.any() or not len(known) else None
    return (
        CostRows(by, sums, units, np.logical_or.reduceat(known, rows)),
        CostRow((), counts.get("requests", 0), tokens, usd),
        _unpriced(groups, ~known),
    )


def _prices(told: Sequence[PricedAs], book: PublishedPrices, now: datetime) -> _Prices:
    costs = [_linear_price(each, book, now) for each in told]
    parts = lcm(*(part.denominator for cost in costs if cost for part in cost))
    scaled = [[int(part * parts) for part in cost or _NOTHING] for cost in costs]
    return _Prices(scaled, parts, np.array([cost is not None for cost in costs], np.bool_))


def _linear_price(
    priced: PricedAs, book: PublishedPrices, now: datetime
) -> tuple[Exact, ...] | None:
    price = book.price_at(priced.provider, priced.model, priced.at or now)
    if price is None:
        return None
    return linear_cost(price.rates_for(priced.mean_input, batch=priced.batch))


def _costs(groups: GroupedUsage, prices: _Prices) -> Numbers:
    """Of each group, in parts of a unit: whole numbers of any size."""
    told = [(n, groups.sums[name]) for n, name in enumerate(_PRICED) if name in groups.sums]
    dearest = [max((abs(own[n]) for own in prices.parts), default=0) for n, _ in told]
    most = sum(
        part * max(float(count.sum(dtype=float)), 1)
        for part, (_, count) in zip(dearest, told, strict=True)
    )
    exact = max(most, prices.parts_of_a_unit) < EXACT_INTEGERS
    kind: Any = np.result_type(np.int64 if exact else object, *(count for _, count in told))
    cost = np.zeros(len(groups), kind)
    for n, count in told:
        cost += np.array([own[n] for own in prices.parts], kind)[groups.priced] * count
    return cost


def _rounded(exact: Numbers, parts: int) -> tuple[Numbers, int]:
    """Whole units of so many parts, which sum to the rounded sum: down, and the rest to the
    largest remainders."""
    total = round(Fraction(int(exact.sum()), parts))
    units = exact // parts
    if left := total - int(units.sum()):
        units[np.argsort(units * parts - exact, kind="stable")[:left]] += 1
    return units, total


def _unpriced(groups: GroupedUsage, unknown: Mask) -> list[Unpriced]:
    """The tokens of each model, of the groups without a price."""
    places = groups.priced[unknown]
    counts = np.zeros((len(groups.prices), len(TOKENS)), object)
    for n, name in enumerate(TOKENS):
        if name in groups.sums:
            np.add.at(counts[:, n], places, groups.sums[name][unknown].astype(object))
    found: dict[str, list[int]] = {}
    for place in sorted(set(places.tolist())):
        own = found.setdefault(groups.prices[place].model, [0] * len(TOKENS))
        own[:] = map(add, own, counts[place].tolist())
    return [Unpriced(model, TokenCounts(*found[model])) for model in sorted(found)]
