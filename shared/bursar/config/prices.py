"""`prices:` of bursar.yaml: what a person knows better than the list."""

from __future__ import annotations

from pydantic import AwareDatetime, Field, model_validator

from bursar.config.fields import Region, Section
from bursar.domain.money import Money


class ManualPrice(Section):
    """A price that a person vouches for, such as a private offer; it goes before the list's.

    One that changes a price to more than three times, or less than a third, takes two people.
    """

    instance_type: str
    region: Region
    usd_per_hour: Money
    effective_from: AwareDatetime
    author: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    approved_by: str | None = Field(
        default=None, min_length=1, description="the second person of a change beyond x3"
    )

    @model_validator(mode="after")
    def _costs_something(self) -> ManualPrice:
        if self.usd_per_hour <= Money.zero():
            raise ValueError("usd_per_hour must be above 0")
        second = (self.approved_by or "").strip().casefold()
        if self.approved_by is not None and second in ("", self.author.strip().casefold()):
            raise ValueError("approved_by must be another person than the author")
        return self


class Prices(Section):
    manual: tuple[ManualPrice, ...] = ()
