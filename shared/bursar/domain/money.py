"""Money: exact amounts in one currency.

Amounts are `Decimal`, stored at 10^-12 USD, because a token costs about 10^-7 USD
and a month adds up billions of them. Only a statement rounds to cents (half-even).
Statistics may use floats; they come back through `Money.estimate`, which says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation, Rounded
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

PLACES = 12
_QUANTUM = Decimal(1).scaleb(-PLACES)
_UNITS = 10**PLACES
_CONTEXT = Context(prec=38)  # what DynamoDB holds; Inexact is fine here, overflow is not
_EXACT = Context(prec=38, traps=[InvalidOperation, Rounded])  # a sum must not lose a digit
_LARGEST = Decimal(10**38 - 1).scaleb(-PLACES, _CONTEXT)
_ZERO = Decimal(0).quantize(_QUANTUM)


class CurrencyMismatchError(ValueError):
    """Two amounts in different currencies were combined."""


class AmountOutOfRangeError(ValueError):
    """An amount is not finite, or needs more than the 38 digits that DynamoDB keeps."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount at 10^-12 resolution. `times` and `of` round once, half-even.

    Sums are exact; one that would need a 39th digit raises `decimal.Rounded`.
    """

    amount: Decimal
    currency: str = "USD"

    @classmethod
    def of(cls, amount: str | int | Decimal, currency: str = "USD") -> Money:
        """Read an amount, rounding half-even at the 12th place.

        Raises:
            AmountOutOfRangeError: the amount is not finite, or 10^26 or more.
        """
        value = Decimal(amount)
        if not value.is_finite() or value.copy_abs() > _LARGEST:
            raise AmountOutOfRangeError(f"{amount} {currency} cannot be stored")
        rounded = value.quantize(_QUANTUM, ROUND_HALF_EVEN, _CONTEXT)
        return cls(rounded if rounded else _ZERO, currency)  # never minus zero

    @classmethod
    def estimate(cls, value: float, currency: str = "USD") -> Money:
        """Round a statistical result to a storable amount: the one way back from floats."""
        return cls.of(Decimal(value), currency)

    @classmethod
    def zero(cls, currency: str = "USD") -> Money:
        return cls(_ZERO, currency)

    @classmethod
    def sum(cls, amounts: Iterable[Money], currency: str = "USD") -> Money:
        zero = cls.zero(currency)
        total = zero.amount
        for amount in amounts:
            total = _EXACT.add(total, zero._same(amount))
        return cls(total, currency)

    def times(self, factor: int | Decimal | Fraction) -> Money:
        """Multiply by a pure number; one rounding, at the 12th place."""
        exact = Fraction(self.amount) * Fraction(factor)
        return Money.of(_decimal(exact), self.currency)

    def over(self, other: Money) -> Fraction | None:
        """This amount as a share of another, or None when the other is zero."""
        base = self._same(other)
        return Fraction(self.amount) / Fraction(base) if base else None

    @classmethod
    def from_units(cls, units: int, currency: str = "USD") -> Money:
        """An amount counted in 10^-12: what exact splitting works in."""
        return cls(_from_units(units), currency)

    @property
    def units(self) -> int:
        return int(self.amount.scaleb(PLACES, _CONTEXT))

    def split(self, weights: Sequence[int]) -> list[Money]:
        """Divide by `split_units`: the parts sum to this amount exactly."""
        return [Money.from_units(part, self.currency) for part in split_units(self.units, weights)]

    def cents(self) -> Decimal:
        """The amount on a statement: two places, half-even."""
        return self.rounded(2)

    def rounded(self, places: int) -> Decimal:
        """So many places, half-even."""
        return self.amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN, _CONTEXT)

    def plain(self) -> str:
        """All digits that matter and no exponent: `0.0001`, `12`, never `1E-4`."""
        text = f"{self.amount:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text

    def __add__(self, other: Money) -> Money:
        return Money(_EXACT.add(self.amount, self._same(other)), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(_EXACT.subtract(self.amount, self._same(other)), self.currency)

    def __neg__(self) -> Money:
        return Money(_CONTEXT.minus(self.amount), self.currency)

    def __bool__(self) -> bool:
        return bool(self.amount)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._same(other)

    def __str__(self) -> str:
        sign = "-" if self.cents() < 0 else ""
        symbol = "$" if self.currency == "USD" else f"{self.currency} "
        return f"{sign}{symbol}{abs(self.cents()):,.2f}"

    def _same(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            raise CurrencyMismatchError(f"{self.currency} and {other.currency}")
        return other.amount

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """In JSON an amount of USD is a string of its digits; floats are refused."""
        from pydantic_core import core_schema  # slow to import, and here already

        def read(value: object) -> Money:
            if isinstance(value, Money):
                return value
            if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
                raise ValueError('an amount is a string or a whole number, such as "1250.50"')
            try:
                return cls.of(value)
            except ArithmeticError:
                raise ValueError(f"{value!r} is not an amount") from None

        return core_schema.no_info_plain_validator_function(
            read,
            json_schema_input_schema=core_schema.union_schema(
                [core_schema.str_schema(pattern=r"^-?\d+(\.\d+)?$"), core_schema.int_schema()]
            ),
            serialization=core_schema.plain_serializer_function_ser_schema(
                Money.plain, return_schema=core_schema.str_schema()
            ),
        )


def split_units(units: int, weights: Sequence[int]) -> list[int]:
    """Divide whole units in proportion to whole-number weights; the parts sum to `units`.

    Largest remainder: every part gets its share rounded down, then the units left over go
    to the largest remainders, first come first at a tie. 10 by 1:1:1 is 4, 3, 3.

    Raises:
        ValueError: a weight is negative, or none is above zero.
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError("weights must be zero or more, and one must be above zero")
    parts = [units * weight // whole for weight in weights]
    if left := units - sum(parts):
        by_remainder = sorted(range(len(weights)), key=lambda i: -(units * weights[i] % whole))
        for i in by_remainder[:left]:
            parts[i] += 1
    return parts


def _decimal(exact: Fraction) -> Decimal:
    """A fraction to the nearest 10^-12, half-even: `round` on fractions is half-even."""
    return _from_units(round(exact * _UNITS))


def plain_of_units(units: int) -> str:
    """`Money.from_units(units).plain()`, many times as fast: a million rows are written so."""
    whole, part = divmod(abs(units), _UNITS)
    sign = "-" if units < 0 else ""
    return f"{sign}{whole}.{part:012d}".rstrip("0") if part else f"{sign}{whole}"


def _from_units(units: int) -> Decimal:
    return Decimal(units).scaleb(-PLACES, _CONTEXT)
