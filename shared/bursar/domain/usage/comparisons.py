"""What one workload would cost on each of several models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from bursar.domain.money import Money
from bursar.domain.usage.prices import TokenPrice, cost
from bursar.domain.usage.records import MOST_TOKENS, TokenCounts

MOST_REQUESTS = 10**12  # all of a large provider's in years


@dataclass(frozen=True, slots=True)
class Workload:
    """Requests that are alike: tokens of each, and the share of the input read from a cache."""

    requests: int
    input_tokens: int
    output_tokens: int
    cached_share: Fraction = Fraction(0)
    batch: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no workload.

        Raises:
            ValueError: a count is below zero or beyond reason, or the share is not between 0
                and 1.
        """
        tokens = self.input_tokens, self.output_tokens
        if self.requests < 1 or min(tokens) < 0:
            raise ValueError("requests are one or more, tokens zero or more")
        if self.requests > MOST_REQUESTS or max(tokens) > MOST_TOKENS:
            raise ValueError("requests are at most 10^12, tokens of each at most 10^9")
        if not 0 <= self.cached_share <= 1:
            raise ValueError("the cached share of the input is between 0 and 1")

    @property
    def tokens(self) -> TokenCounts:
        """Of all requests; the cached ones rounded half-even to whole tokens once."""
        input_tokens = self.requests * self.input_tokens
        return TokenCounts(
            input_tokens,
            round(input_tokens * self.cached_share),
            output=self.requests * self.output_tokens,
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of a model that stand beside its cost, from whoever measured them."""

    quality: Decimal | None = None
    latency_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ModelCost:
    """`rank` 1 is the cheapest; models of equal cost share a rank. A model without a price has
    neither amounts nor rank. `input_share` is the input's part of the cost (None of nothing)."""

    model: str
    rank: int | None
    total: Money | None
    per_request: Money | None
    input_share: Fraction | None
    measured: Measured = Measured()

    @property
    def output_share(self) -> Fraction | None:
        return None if self.input_share is None else 1 - self.input_share


def compare_models(
    workload: Workload,
    prices: Mapping[str, TokenPrice | None],
    measured: Mapping[str, Measured] | None = None,
) -> Sequence[ModelCost]:
    """Cheapest first, then those without a price. Fees per request belong to the input."""
    beside = measured or {}
    costs = [_cost(workload, model, price, beside) for model, price in prices.items()]
    totals = sorted(each.total.units for each in costs if each.total is not None)
    ranked = [
        ModelCost(
            each.model,
            None if each.total is None else totals.index(each.total.units) + 1,
            each.total,
            each.per_request,
            each.input_share,
            each.measured,
        )
        for each in costs
    ]
    return sorted(ranked, key=lambda each: (each.rank is None, each.rank or 0, each.model))


def _cost(
    workload: Workload,
    model: str,
    price: TokenPrice | None,
    measured: Mapping[str, Measured],
) -> ModelCost:
    beside = measured.get(model, Measured())
    if price is None:
        return ModelCost(model, None, None, None, None, beside)
    rates = price.rates_for(workload.input_tokens, batch=workload.batch)
    amounts = cost(workload.tokens, workload.requests, rates)
    total = amounts.usd
    return ModelCost(
        model,
        None,
        total,
        total.times(Fraction(1, workload.requests)),
        Fraction(amounts.units - amounts.output, amounts.units) if amounts.units else None,
        beside,
    )
