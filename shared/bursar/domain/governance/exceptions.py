"""Exceptions: spending beyond a policy that somebody asks for, and who has agreed so far.

A `SpendException` never changes: every step makes the next one, with a higher `revision`.
`version` counts what was asked for: decisions hold for the version that they were made on,
so an edit needs all of them again.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from bursar.domain.governance.refusals import ExpiredError, InvalidRequestError
from bursar.domain.governance.tiers import Tier
from bursar.domain.money import Money
from bursar.domain.scopes import Scope

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
LARGEST = Money.of(10**12)


class UnknownExceptionError(Exception):
    """No exception has this id: 404."""


class AmountOutOfRangeError(InvalidRequestError):
    """The amount is not above 0, or is absurd."""


class AlreadyOverError(InvalidRequestError):
    """`until` is not in the future."""


class Status(StrEnum):
    """All but `pending` are final. `expired`: nobody answered in time, which denies it."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"


class Request(BaseModel):
    """What is asked for. `beneficiary` is a person's id, if the spending is for somebody else."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: str
    scope: Scope
    amount: Money
    purpose: Text
    justification: Text
    business_impact: Text
    until: AwareDatetime
    beneficiary: str | None = None

    def check(self, at: datetime) -> None:
        """Refuse what nobody could grant.

        Raises:
            AmountOutOfRangeError, AlreadyOverError: what it says is out of range.
        """
        if not Money.zero() < self.amount <= LARGEST:
            raise AmountOutOfRangeError(f"the amount must be above 0 and at most {LARGEST}")
        if self.until <= at:
            raise AlreadyOverError("until must be in the future")


class Consent(BaseModel):
    """What one tier has said. `uses` are the people whose say is used up by it: who decided,
    and in whose place."""

    model_config = ConfigDict(frozen=True)

    tier: Tier
    status: Status = Status.PENDING
    decided_by: str | None = None
    uses: frozenset[str] = frozenset()
    decided_at: AwareDatetime | None = None


class SpendException(BaseModel):
    """A request with the consents it needs, lowest tier first; they are asked in this order."""

    model_config = ConfigDict(frozen=True)

    id: str
    request: Request
    requester: str
    team: str
    opened_at: AwareDatetime
    status: Status = Status.PENDING
    version: int = 1  # of what is asked for: an edit raises it
    revision: int = 1  # of this record: every step raises it
    consents: tuple[Consent, ...] = Field(min_length=1)
    deadline: AwareDatetime  # of the tier that is asked
    asked_at: AwareDatetime
    decisions: int = 0  # ever made, on all versions

    @property
    def asked(self) -> Consent | None:
        """The tier whose answer is awaited."""
        if self.status is not Status.PENDING:
            return None
        return next(each for each in self.consents if each.status is Status.PENDING)

    def consent(self, tier: str) -> Consent | None:
        return next((each for each in self.consents if each.tier.name == tier), None)

    @property
    def used(self) -> frozenset[str]:
        """The people who have had their say on this version."""
        return frozenset().union(*(each.uses for each in self.consents))

    def status_at(self, at: datetime) -> Status:
        """The status to show: one whose deadline has passed is expired before that is stored."""
        late = self.status is Status.PENDING and at >= self.deadline
        return Status.EXPIRED if late else self.status


class DeadlineAheadError(Exception):
    """An exception was to be expired before its deadline: ask again when it has passed."""


def expire(exception: SpendException, at: datetime) -> SpendException:
    """End what nobody answered.

    Raises:
        DeadlineAheadError: there is time left.
    """
    if at < exception.deadline:
        raise DeadlineAheadError(f"{exception.id} may be decided until {exception.deadline}")
    return closed(exception, Status.EXPIRED, exception.consents)


def closed(
    exception: SpendException, status: Status, consents: tuple[Consent, ...]
) -> SpendException:
    return exception.model_copy(
        update={"status": status, "consents": consents, "revision": exception.revision + 1}
    )


def refuse_expired(exception: SpendException, at: datetime) -> None:
    """A decision a millisecond before the deadline counts; one at the deadline does not.

    Raises:
        ExpiredError: the deadline has passed.
    """
    if exception.status_at(at) is Status.EXPIRED:
        raise ExpiredError(f"{exception.id} expired at {exception.deadline.isoformat()}")
