"""Amounts as the API takes them: digits as text or as a number, and as its document says."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from bursar.domain.money import PLACES, Money

LARGEST = Money.of(10**12)
_WRITTEN = rf"[0-9]{{1,12}}(\.[0-9]{{1,{PLACES}}})?"
_SMALLEST = 10**-PLACES  # what is below is no amount


def _written(told: Any) -> Any:
    """Text is plain digits: no exponent, sign or space, which each language reads otherwise."""
    if isinstance(told, str) and not re.fullmatch(_WRITTEN, told, re.ASCII):
        raise ValueError(f"an amount has at most 12 digits, and at most {PLACES} after a point")
    return told


def _payable(amount: Money) -> Money:
    if not Money.zero() <= amount <= LARGEST:
        raise ValueError(f"an amount is at least 0 and at most {LARGEST.plain()}")
    return amount


def _above_zero(amount: Money) -> Money:
    if not amount:
        raise ValueError("the amount must be above 0")
    return amount


def _schema(pattern: str, minimum: float) -> dict[str, Any]:
    number = {"type": "number", "minimum": minimum, "maximum": 10**12}
    return {"anyOf": [{"type": "string", "pattern": pattern}, number]}


Spent = Annotated[
    Money,
    BeforeValidator(_written),
    AfterValidator(_payable),
    WithJsonSchema(_schema(f"^{_WRITTEN}$", 0)),
]
Wanted = Annotated[
    Spent,
    AfterValidator(_above_zero),
    WithJsonSchema(_schema(f"^(?=.*[1-9]){_WRITTEN}$", _SMALLEST)),
]
