"""What tokens cost: dated rates by token class, by context tier, and for batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from bursar.domain.money import PLACES
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.records import TokenCounts

MILLION = 1_000_000
_NOTHING = Fraction(0)
Exact: TypeAlias = int | Fraction


class TokenClass(StrEnum):
    """The classes that have a price of their own."""

    INPUT = "input"
    CACHED_INPUT = "cached_input"
    CACHE_WRITE_5M = "cache_write_5m"
    CACHE_WRITE_1H = "cache_write_1h"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class TokenRates:
    """USD per million tokens of each class, and USD per thousand requests where they cost.

    A class that the provider does not price apart (None) costs what input costs: a cache
    without a discount is no cheaper, and none is assumed. Reasoning costs what output costs,
    except for the few models that price it apart.
    """

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    cache_write_5m: Decimal | None = None
    cache_write_1h: Decimal | None = None
    per_thousand_requests: Decimal = Decimal(0)
    reasoning: Decimal | None = None

    def of(self, token_class: TokenClass) -> Decimal:
        rate: Decimal | None = getattr(self, token_class)
        return self.input if rate is None else rate


def long_write_rate(model: str, input_rate: Decimal, write_rate: Decimal) -> Decimal:
    """What writing to a cache for an hour costs where only writing to it is priced.

    Anthropic alone sells the two apart: an hour of it costs twice the input
    (https://platform.claude.com/docs/en/about-claude/pricing). Others sell one kind.
    """
    return 2 * input_rate if "claude" in model.lower() else write_rate


class ContextTier(NamedTuple):
    """The rates of a whole request whose input is longer than `above_input_tokens`."""

    above_input_tokens: int
    rates: TokenRates


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """One dated row of the token price book: in force from `effective_from` to the next row.

    `tiers` are in rising order and the first starts at 0. `batch_tiers` are empty where the
    provider has no batch price: a batch then costs what its tiers say.
    """

    provider: str
    model: str
    source: str
    tiers: tuple[ContextTier, ...]
    batch_tiers: tuple[ContextTier, ...] = ()
    effective_from: datetime | None = None

    def rates_for(self, input_tokens_per_request: Fraction | int, *, batch: bool) -> TokenRates:
        """The rates of the highest tier that a request of so many input tokens reaches."""
        tiers = self.batch_tiers if batch and self.batch_tiers else self.tiers
        reached = tiers[0]
        for tier in tiers[1:]:
            if input_tokens_per_request > tier.above_input_tokens:
                reached = tier
        return reached.rates


class PriceBreaks(NamedTuple):
    """Where the price of a model changes: between neighbours the cost is linear in the tokens.

    `instants` are those of new rows, `seconds_of_day` (UTC) those of a daily schedule, and a
    request of more than `above_input_tokens` reaches the next tier. All rise.
    """

    instants: tuple[datetime, ...] = ()
    seconds_of_day: tuple[int, ...] = ()
    above_input_tokens: tuple[int, ...] = ()

    @property
    def dated(self) -> bool:
        """Whether a request without a time cannot be priced."""
        return bool(self.instants or self.seconds_of_day)

    def __or__(self, other: PriceBreaks) -> PriceBreaks:
        both = zip(self, other, strict=True)
        return PriceBreaks._make(tuple(sorted({*one, *another})) for one, another in both)


def cost(tokens: TokenCounts, requests: int, rates: TokenRates) -> ClassAmounts:
    """Tokens x rate for each class, each rounded once, half-even, at 10^-12 USD."""
    exact = exact_cost(tokens, requests, rates)
    return ClassAmounts(**{name: round(units) for name, units in exact.items()})


def exact_cost(tokens: TokenCounts, requests: int, rates: TokenRates) -> dict[str, Fraction]:
    """The same before rounding, by the names of `ClassAmounts`; `round` on it is half-even."""
    units = {
        each.value: _units(count, rates.of(each), MILLION)
        for each, count in by_class(tokens).items()
    }
    if rates.reasoning is not None:
        # two exact products: a difference of two Decimals is rounded to 28 digits
        units["output"] += _units(tokens.reasoning, rates.reasoning, MILLION)
        units["output"] -= _units(tokens.reasoning, rates.output, MILLION)
    return units | {"requests": _units(requests, rates.per_thousand_requests, 1000)}


def linear_cost(rates: TokenRates) -> tuple[Exact, ...]:
    """What one more of each count of `TokenCounts`, in their order, and one more request cost, in
    units of 10^-12 USD: a token that is read from a cache is a token of the input, too. Whole
    numbers where they are, as they mostly are: those are summed far sooner than fractions."""

    def costs(requests: int = 0, **counts: int) -> Fraction:
        return sum(exact_cost(TokenCounts(**counts), requests, rates).values(), _NOTHING)

    of_input, of_output = costs(input=1), costs(output=1)
    parts = ("cached_input", "cache_write_5m", "cache_write_1h")
    found = (
        of_input,
        *(costs(**{"input": 1, part: 1}) - of_input for part in parts),
        of_output,
        costs(output=1, reasoning=1) - of_output,
        costs(requests=1),
    )
    return tuple(int(each) if each.denominator == 1 else each for each in found)


def by_class(tokens: TokenCounts) -> Mapping[TokenClass, int]:
    return {
        TokenClass.INPUT: tokens.uncached_input,
        TokenClass.CACHED_INPUT: tokens.cached_input,
        TokenClass.CACHE_WRITE_5M: tokens.cache_write_5m,
        TokenClass.CACHE_WRITE_1H: tokens.cache_write_1h,
        TokenClass.OUTPUT: tokens.output,
    }


def _units(count: int, rate: Decimal, per: int) -> Fraction:
    if not count:
        return _NOTHING
    numerator, denominator = rate.as_integer_ratio()
    return Fraction(numerator * count * 10**PLACES, denominator * per)  # reduced once
