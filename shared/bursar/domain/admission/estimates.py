"""What a request may cost at most, by its model and tokens."""

from __future__ import annotations

from bursar.domain.money import Money
from bursar.domain.usage.prices import MILLION, TokenClass, TokenPrice


def worst_case(price: TokenPrice, input_tokens: int, output_tokens: int) -> Money:
    """All of the prompt in the dearest class, as if it were also written to a cache.

    Args:
        output_tokens: the most that may be generated; reasoning is part of it.
    """
    rates = price.rates_for(input_tokens, batch=False)
    prompt = max(rates.of(each) for each in TokenClass if each is not TokenClass.OUTPUT)
    answer = max(rates.output, rates.reasoning or rates.output)
    per_million = prompt * input_tokens + answer * output_tokens
    return Money.of(per_million / MILLION + rates.per_thousand_requests / 1000)
