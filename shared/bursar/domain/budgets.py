"""Budgets: a limit for a scope and a period, and when somebody must be told."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from bursar.domain.alerts import Severity
from bursar.domain.books import Book
from bursar.domain.money import Money
from bursar.domain.periods import Period, Window, window_of
from bursar.domain.scopes import Dimension, Scope


class ThresholdBasis(StrEnum):
    """What is compared with the limit.

    `actual`: metered from clusters and usage; `reported`: what Cost Explorer has billed;
    `projected`: the forecast to the end of the window, or the run rate where none reaches there.
    """

    ACTUAL = "actual"
    REPORTED = "reported"
    PROJECTED = "projected"


class Threshold(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    percent: int = Field(gt=0, le=1000)
    basis: ThresholdBasis
    severity: Severity = Severity.WARNING

    @property
    def key(self) -> str:
        return f"{self.basis}:{self.percent}"


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone, such as Europe/Berlin") from None
    return name


def _above_zero(limit: Money) -> Money:
    if limit <= Money.zero():
        raise ValueError("limit must be above 0")
    return limit


ZoneName = Annotated[str, AfterValidator(_known_zone)]
Limit = Annotated[Money, AfterValidator(_above_zero)]
BILLED_DIMENSIONS = frozenset({Dimension.ORG, Dimension.ACCOUNT})
_IN_CLUSTERS = BILLED_DIMENSIONS | {Dimension.CLUSTER, Dimension.NAMESPACE}


class Budget(BaseModel):
    """A limit in USD on what a scope may cost in each period, in the budget's own time zone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    scope: Scope
    limit: Limit
    period: Period = Period.MONTH
    first_month: int = Field(default=1, ge=1, le=12, description="where a fiscal year begins")
    time_zone: ZoneName = "UTC"
    thresholds: tuple[Threshold, ...] = ()
    enforced: bool = Field(
        default=False, description="usage is charged to its window in the posting itself"
    )
    owner: str
    link: str | None = Field(default=None, pattern=r"^https://")

    @model_validator(mode="after")
    def _complete(self) -> Budget:
        if not self.thresholds:
            object.__setattr__(self, "thresholds", default_thresholds(self.book))
        if len({threshold.key for threshold in self.thresholds}) != len(self.thresholds):
            raise ValueError("two thresholds have the same basis and percent")
        wrong = {
            Book.METERED: ThresholdBasis.REPORTED,
            Book.LEDGER: ThresholdBasis.REPORTED,
            Book.BILLED: ThresholdBasis.ACTUAL,
        }[self.book]
        if any(threshold.basis is wrong for threshold in self.thresholds):
            raise ValueError(f"{self.scope} is {self.book}: it has no {wrong} figure")
        return self

    @property
    def book(self) -> Book:
        """A whole organisation or account is what the bill says; inside it, a place in a
        cluster is metered, and anything that usage has is in the ledger."""
        if self.scope.dimensions <= BILLED_DIMENSIONS:
            return Book.BILLED
        return Book.METERED if self.scope.dimensions <= _IN_CLUSTERS else Book.LEDGER

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def window_at(self, at: datetime) -> Window:
        """The window of it that this time lies in."""
        return window_of(self.period, at, self.zone, first_month=self.first_month)


def default_thresholds(book: Book) -> tuple[Threshold, ...]:
    """80% warns, 100% is critical."""
    basis = ThresholdBasis.REPORTED if book is Book.BILLED else ThresholdBasis.ACTUAL
    return (
        Threshold(percent=80, basis=basis, severity=Severity.WARNING),
        Threshold(percent=100, basis=basis, severity=Severity.CRITICAL),
    )


class BudgetState(BaseModel):
    """What has been said about one window of one budget.

    `version` counts the writes, for compare-and-set. `fired` holds the `Threshold.key` of
    those that were passed and told (or marked) in this epoch.
    """

    model_config = ConfigDict(frozen=True)

    budget_id: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    limit: Money
    spent: Money
    projected: Money | None
    as_of: AwareDatetime
    epoch: int = 1
    fired: frozenset[str] = frozenset()
    version: int = 1
