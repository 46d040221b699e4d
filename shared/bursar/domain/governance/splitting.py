"""Against splitting: what a team asks for under one policy is summed over 30 days.

Pending requests count while they can be decided, approved ones for 30 days from their last
decision. The sum, with the request's own amount, decides which tiers must agree.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict

from bursar.domain.governance.exceptions import SpendException, Status
from bursar.domain.governance.refusals import ConflictError
from bursar.domain.money import Money

ROLLING = timedelta(days=30)
MOST_COUNTED = 1_000  # some 150 KB of the 400 KB that an item may have


class TooManyRequestsError(ConflictError):
    """A team has a thousand requests under one policy that count: some must end first."""


class Counted(BaseModel):
    """One request in the sum; it counts in [.., until)."""

    model_config = ConfigDict(frozen=True)

    exception: str
    amount: Money
    until: AwareDatetime


class SplitCount(BaseModel):
    """The requests of one team under one policy; `version` counts the writes."""

    model_config = ConfigDict(frozen=True)

    team: str
    policy: str
    version: int = 0
    counted: tuple[Counted, ...] = ()

    def others(self, exception_id: str, at: datetime) -> Money:
        """What counts beside this request, at a time."""
        return Money.sum(
            each.amount
            for each in self.counted
            if each.exception != exception_id and at < each.until
        )

    def with_(self, exception: SpendException, at: datetime) -> SplitCount:
        """The next version, in which the exception counts as it is now.

        Raises:
            TooManyRequestsError: there are too many to keep.
        """
        kept = [
            each for each in self.counted if each.exception != exception.id and at < each.until
        ]
        if (until := _counts_until(exception, at)) is not None:
            amount = exception.request.amount
            kept.append(Counted(exception=exception.id, amount=amount, until=until))
        if len(kept) > MOST_COUNTED:
            raise TooManyRequestsError(f"{self.team} has {MOST_COUNTED} requests that count")
        return self.model_copy(update={"version": self.version + 1, "counted": tuple(kept)})


def _counts_until(exception: SpendException, at: datetime) -> datetime | None:
    if exception.status is Status.PENDING:
        return exception.deadline
    return at + ROLLING if exception.status is Status.APPROVED else None
