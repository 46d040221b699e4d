"""What an AI system costs a month, from its items: by category, per prediction, per user."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bursar.domain.ledger.lines import CostCategory
from bursar.domain.money import Money

MOST_USD = 10**15  # of an item: sums of them are amounts too
_DECIMALS = 24
_ONE_USD = Money.of(1)


def _no_float(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError('a price is a string or a whole number, such as "0.0000025"')
    return value


# Of a byte or a second, a price has more decimals than an amount: only what it comes to is rounded
Price = Annotated[
    Decimal,
    BeforeValidator(_no_float),
    Field(ge=-(10**26), le=10**26, decimal_places=_DECIMALS, allow_inf_nan=False),
]
Volume = Annotated[
    Decimal,
    Field(ge=0, le=Decimal(10**15), decimal_places=_DECIMALS, allow_inf_nan=False),
]
Count = Annotated[int, Field(ge=0, le=10**15, strict=True)]  # neither a truth value nor a text


class SystemItem(BaseModel):
    """One thing that the system uses: so much of a unit each month, at a price for each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    category: CostCategory
    unit: str = Field(min_length=1, description="what is counted: GPU hour, million tokens, label")
    usd_per_unit: Price
    volume: Volume = Field(description="units a month")

    @model_validator(mode="after")
    def _is_an_amount(self) -> SystemItem:
        if abs(self._exact_usd) > MOST_USD:
            raise ValueError("costs more than 10^15 USD a month")
        return self

    @property
    def usd(self) -> Money:
        """Price x volume, rounded once."""
        return _ONE_USD.times(self._exact_usd)

    @property
    def _exact_usd(self) -> Fraction:
        return Fraction(self.usd_per_unit) * Fraction(self.volume)


class AiSystem(BaseModel):
    """A system as a person describes it; `predictions` and `users` are of a month."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    items: tuple[SystemItem, ...] = Field(min_length=1)
    predictions: Count | None = None
    users: Count | None = None

    @property
    def usd(self) -> Money:
        return Money.sum(item.usd for item in self.items)

    def by_category(self) -> dict[CostCategory, Money]:
        """The categories that there are, the dearest first; they sum to the whole."""
        sums: dict[CostCategory, Money] = {}
        for item in self.items:
            sums[item.category] = sums.get(item.category, Money.zero()) + item.usd
        return dict(sorted(sums.items(), key=lambda each: (-each[1].amount, each[0])))

    @property
    def usd_per_prediction(self) -> Money | None:
        """None where there are no predictions: nothing divided by nothing is not free."""
        return per(self.usd, self.predictions)

    @property
    def usd_per_user(self) -> Money | None:
        return per(self.usd, self.users)


def per(usd: Money | None, count: int | Decimal | None) -> Money | None:
    """An amount for each of so many; None where there are none, or one of both is not known."""
    return usd.times(1 / Fraction(count)) if usd is not None and count else None
