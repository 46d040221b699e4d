"""What the workflow of one version of an exception is told: ask this tier, or end so."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict

from bursar.domain.governance.exceptions import SpendException, Status

GRACE = timedelta(minutes=5)  # deadlines are data; the workflow's own timeout is this much later


class ClosedTaskError(Exception):
    """Nothing waits with this task token: it was answered, timed out, or never existed."""


class Outcome(StrEnum):
    ASK = "ask"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"  # by an edit, which has an execution of its own


class Step(BaseModel):
    """The next thing to do. The times are of the tier that is asked, and absent otherwise.

    A workflow counts whole seconds: so many from the question to the reminder, and from there
    to when nobody need wait any longer.
    """

    model_config = ConfigDict(frozen=True)

    exception: str
    version: int
    outcome: Outcome
    tier: str | None = None
    remind_at: AwareDatetime | None = None
    deadline: AwareDatetime | None = None
    times_out_at: AwareDatetime | None = None
    remind_in_seconds: int | None = None
    then_wait_seconds: int | None = None


def execution_name(exception_id: str, version: int) -> str:
    """One execution for each version, however often it is started."""
    return f"{exception_id}-{version}"


def next_step(exception: SpendException, version: int) -> Step:
    """What the execution of a version has to do, as the exception is stored now."""
    if version != exception.version:
        return Step(exception=exception.id, version=version, outcome=Outcome.SUPERSEDED)
    if (asked := exception.asked) is None:
        outcome = Outcome(exception.status.value)
        return Step(exception=exception.id, version=version, outcome=outcome)
    reminded = exception.asked_at + timedelta(hours=asked.tier.remind_after_hours)
    remind_at, times_out_at = min(reminded, exception.deadline), exception.deadline + GRACE
    return Step(
        exception=exception.id,
        version=version,
        outcome=Outcome.ASK,
        tier=asked.tier.name,
        remind_at=remind_at,
        deadline=exception.deadline,
        times_out_at=times_out_at,
        remind_in_seconds=_seconds(remind_at - exception.asked_at),
        then_wait_seconds=_seconds(times_out_at - remind_at),
    )


def _seconds(wait: timedelta) -> int:
    """Whole ones, rounded up: a wait never ends before its time."""
    return -(-wait // timedelta(seconds=1))


def is_answered(exception: SpendException, version: int, tier: str) -> bool:
    """Whether a tier's wait is over: it was decided, or the version was edited or closed."""
    asked = exception.asked
    still = exception.version == version and exception.status is Status.PENDING
    return not (still and asked is not None and asked.tier.name == tier)
