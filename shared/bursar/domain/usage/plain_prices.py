"""Prices that are mere rates, as most in a price file are, read without pydantic: to import it
takes longer than to read such a file. `price_rows` reads all others, and says what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bursar.domain.usage.prices import ContextTier, TokenPrice, TokenRates, long_write_rate

_NEEDED = frozenset({"input_usd_per_million", "output_usd_per_million"})
_RATES = _NEEDED | {
    "cached_input_usd_per_million",
    "cache_write_usd_per_million",
    "cache_write_1h_usd_per_million",
    "reasoning_usd_per_million",
    "usd_per_thousand_requests",
}
_DIGITS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,20})?")  # below the most that a price may be


def plain_prices(models: Mapping[Any, Any], source: str) -> list[TokenPrice] | None:
    """The price of each model of a price file; None where one is not told by rates alone."""
    if not all(_is_name(model) and _is_plain(row) for model, row in models.items()):
        return None
    return [
        TokenPrice("", model, source, (ContextTier(0, token_rates(model, _decimals(row))),))
        for model, row in models.items()
    ]


def token_rates(model: str, told: Mapping[str, Any]) -> TokenRates:
    """The rates of a model's row, by the names of its fields."""
    input_rate = told["input_usd_per_million"]
    writes = told.get("cache_write_usd_per_million")
    long_writes = told.get("cache_write_1h_usd_per_million")
    if long_writes is None and writes is not None:
        long_writes = long_write_rate(model, input_rate, writes)
    return TokenRates(
        input=input_rate,
        output=told["output_usd_per_million"],
        cached_input=told.get("cached_input_usd_per_million"),
        cache_write_5m=writes,
        cache_write_1h=long_writes,
        per_thousand_requests=told.get("usd_per_thousand_requests") or Decimal(0),
        reasoning=told.get("reasoning_usd_per_million"),
    )


def _is_name(model: object) -> bool:
    return isinstance(model, str) and model.isprintable()  # no half of a character either


def _is_plain(row: object) -> bool:
    return (
        isinstance(row, dict)
        and _NEEDED <= row.keys() <= _RATES
        and all(isinstance(each, str) and _DIGITS.fullmatch(each) for each in row.values())
    )


def _decimals(row: Mapping[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(digits) for name, digits in row.items()}
