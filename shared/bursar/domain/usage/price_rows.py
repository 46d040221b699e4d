"""Token prices as people write them: rows of the configuration and of price files."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from bursar.domain.beginnings import Begin
from bursar.domain.usage.plain_prices import token_rates
from bursar.domain.usage.prices import ContextTier, TokenPrice, TokenRates
from bursar.domain.usage.providers import provider_name

MOST_USD_PER_MILLION = Decimal(10**9)
_LONGEST_RATE = 40  # characters


def _exact(value: object) -> object:
    """Digits as they were written: `0.1` from a float would still be 0.1, from sums of floats
    not, so that floats are read by their shortest form and booleans not at all."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError("a price is a number of USD, such as 2.50")
    if len(text := str(value)) > _LONGEST_RATE:
        raise ValueError("a price has at most 40 digits")
    return text


Rate = Annotated[
    Decimal,
    BeforeValidator(_exact),
    Field(ge=0, le=MOST_USD_PER_MILLION, allow_inf_nan=False),
]


class Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TokenRateRow(Row):
    """USD per million tokens of each class. What is left out: see docs/prices.md."""

    input_usd_per_million: Rate
    output_usd_per_million: Rate
    cached_input_usd_per_million: Rate | None = None
    cache_write_usd_per_million: Rate | None = None
    cache_write_1h_usd_per_million: Rate | None = None
    reasoning_usd_per_million: Rate | None = None
    usd_per_thousand_requests: Rate | None = None

    def rates_of(self, model: str, base: TokenRateRow | None = None) -> TokenRates:
        """A request costs what it does at the base, where nothing is told here."""
        own = vars(self)
        if base is not None and self.usd_per_thousand_requests is None:
            own = own | {"usd_per_thousand_requests": base.usd_per_thousand_requests}
        return token_rates(model, own)


class ContextTierRow(TokenRateRow):
    """The rates of a request whose input is longer than so many tokens."""

    above_input_tokens: Annotated[int, Field(gt=0, le=10**15)]


def _distinct(tiers: tuple[ContextTierRow, ...]) -> tuple[ContextTierRow, ...]:
    times = Counter(tier.above_input_tokens for tier in tiers)
    if twice := [tokens for tokens, n in times.items() if n > 1]:
        raise ValueError(f"two tiers are above {twice[0]} input tokens: which holds?")
    return tiers


class TokenPriceTerms(TokenRateRow):
    """What one model costs from a time on: `from` is a UTC day or a time, always if left out."""

    begins: Annotated[Begin | None, Field(alias="from")] = None
    tiers: Annotated[tuple[ContextTierRow, ...], AfterValidator(_distinct)] = ()
    batch: TokenRateRow | None = None
    source: Annotated[str, Field(max_length=200)] = ""

    def price(self, provider: str, model: str, source: str) -> TokenPrice:
        longer = sorted(self.tiers, key=lambda tier: tier.above_input_tokens)
        tiers = [
            ContextTier(each.above_input_tokens, each.rates_of(model, self)) for each in longer
        ]
        return TokenPrice(
            provider=provider,
            model=model,
            source=self.source or source,
            tiers=(ContextTier(0, self.rates_of(model)), *tiers),
            batch_tiers=(ContextTier(0, self.batch.rates_of(model, self)),) if self.batch else (),
            effective_from=self.begins,
        )


class TokenPriceRow(TokenPriceTerms):
    """A row of `token_prices` in bursar.yaml: a negotiated, regional or self-hosted price."""

    model: Annotated[str, Field(min_length=1, max_length=128)]
    provider: Annotated[str, Field(max_length=128), AfterValidator(provider_name)] = ""

    @property
    def token_price(self) -> TokenPrice:
        return self.price(self.provider, self.model, "configuration")


def refuse_nothing_told(value: Any) -> Any:
    """A price file's model holds a row, or a list of dated rows, at least one."""
    if not value:
        raise ValueError("has no price")
    return value if isinstance(value, list) else [value]


ModelTerms = Annotated[list[TokenPriceTerms], BeforeValidator(refuse_nothing_told)]
