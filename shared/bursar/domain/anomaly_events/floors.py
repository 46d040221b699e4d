"""From which size on something unusual is worth a person's time."""

from __future__ import annotations

from fractions import Fraction

from pydantic import BaseModel, ConfigDict, Field

from bursar.domain.money import Money


class Floors(BaseModel):
    """A period must differ from what was expected by both: dollars, and percent of that."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    usd: Money
    percent: int = Field(ge=0, le=10_000)

    def are_passed(self, actual: Money, expected: Money) -> bool:
        difference = _size(actual - expected)
        return difference >= self.usd and difference >= _size(expected).times(
            Fraction(self.percent, 100)
        )


def _size(amount: Money) -> Money:
    return -amount if amount < Money.zero() else amount
