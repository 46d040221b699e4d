"""What an AI system costs a month, from its items: by category, per prediction, per user."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bursar.domain.ledger.lines import CostCategory
from bursar.domain.money import Money

Volume = Annotated[Decimal, Field(ge=0, le=Decimal(10**15), allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=10**15, strict=True)]  # neither a truth value nor a text
MOST_USD = 10**15  # of an item: sums of them are amounts too


class SystemItem(BaseModel):
    """One thing that the system uses: so much of a unit each month, at a price for each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    category: CostCategory
    unit: str = Field(min_length=1, description="what is counted: GPU hour, million tokens, label")
    usd_per_unit: Money
    volume: Volume = Field(description="units a month")

    @model_validator(mode="after")
    def _is_an_amount(self) -> SystemItem:
        if abs(Fraction(self.usd_per_unit.amount) * Fraction(self.volume)) > MOST_USD:
            raise ValueError("costs more than 10^15 USD a month")
        return self

    @property
    def usd(self) -> Money:
        return self.usd_per_unit.times(self.volume)


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
