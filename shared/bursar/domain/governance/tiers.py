"""Tiers: from which amount on which role must agree, and how long it has to answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from bursar.domain.money import Money


class Tier(BaseModel):
    """One role that must agree to amounts of `at_least` and more; its name is the role's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")
    at_least: Money
    answer_within_hours: int = Field(default=72, ge=1, le=24 * 90)
    remind_after_hours: int = Field(default=24, ge=1)

    def deadline(self, asked_at: datetime, until: datetime) -> datetime:
        """When the answer is too late: never after `until`, when nothing would be left of it."""
        return min(asked_at + timedelta(hours=self.answer_within_hours), until)


DEFAULT_TIERS = (
    Tier(name="engineering-manager", at_least=Money.zero()),
    Tier(name="director", at_least=Money.of(50_000)),
    Tier(name="vp", at_least=Money.of(100_000)),
)


def required(tiers: Sequence[Tier], amount: Money) -> list[Tier]:
    """Those whose boundary the amount reaches, lowest first.

    With the default tiers 49,999.99 needs one, 50,000 two, and 100,000 all three.
    """
    reached = [tier for tier in tiers if amount >= tier.at_least]
    return sorted(reached, key=lambda tier: tier.at_least.units)
