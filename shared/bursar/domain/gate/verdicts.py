"""Whether priced jobs may start: by policy, or by an exception that covers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from urllib.parse import urlencode

from bursar.domain.gate import fitting
from bursar.domain.gate.pricing import PricedJob
from bursar.domain.governance.consumption import PURSE
from bursar.domain.governance.exceptions import SpendException, Status
from bursar.domain.governance.policies import Fact, Verdict
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.money import Money
from bursar.domain.scopes import Dimension

REQUEST_PAGE = "/exceptions/new"


class GateVerdict(StrEnum):
    APPROVED = "approved"
    APPROVAL_REQUIRED = "approval_required"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """`jobs` is empty when they could not be priced; `exception` is the one that covers them."""

    verdict: GateVerdict
    policy: str | None
    reason: str
    jobs: tuple[PricedJob, ...] = ()
    exception: str | None = None
    link: str | None = None

    @property
    def usd(self) -> Money | None:
        return Money.sum(each.usd for each in self.jobs) if self.jobs else None


@dataclass(frozen=True, slots=True)
class JobApproval:
    """What an exception has paid for one submission (see `jobs.identity_of`)."""

    submission: str
    policy: str
    exception: str
    usd: Money

    def beyond(self, old: JobApproval | None) -> Money:
        """What it pays more than an older one did, from the same exception or from another."""
        return self.usd - old.usd if old and old.exception == self.exception else self.usd

    def window(self, at: datetime) -> BudgetWindow:
        """What the exception's allowance is debited for: all jobs of a policy, by month."""
        starts_at = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return BudgetWindow(f"{PURSE}{self.policy}", starts_at)


VERDICTS: Mapping[Verdict, GateVerdict] = {
    Verdict.ALLOW: GateVerdict.APPROVED,
    Verdict.ALERT: GateVerdict.APPROVED,
    Verdict.REVIEW: GateVerdict.APPROVAL_REQUIRED,  # a job that has started cannot be reviewed
    Verdict.REQUIRE_APPROVAL: GateVerdict.APPROVAL_REQUIRED,
    Verdict.STOP: GateVerdict.DENIED,
    Verdict.DENY: GateVerdict.DENIED,
}


def facts_of(jobs: Sequence[PricedJob], scope: Mapping[Dimension, str]) -> dict[str, Fact]:
    """What a policy's conditions can speak of; jobs that are handed in together are one sum.

    `estimated_cost_usd`, `hours` (the longest), `pods`, `accelerators`, `jobs`, `job_kind` and
    `instance_type` where all have the same, and the dimensions of the scope.
    """
    pods = [each for job in jobs for each in job.pods]
    longest = max(job.duration.hours for job in jobs)
    facts: dict[str, Fact] = {
        "estimated_cost_usd": Decimal(Money.sum(job.usd for job in jobs).plain()),
        "hours": Decimal(longest.numerator) / Decimal(longest.denominator),
        "pods": Decimal(sum(each.pods for each in pods)),
        "accelerators": Decimal(
            sum(each.pods * sum(fitting.accelerators_of(each.requests).values()) for each in pods)
        ),
        "jobs": Decimal(len(jobs)),
    }
    kinds = {"job_kind": {job.shape.kind for job in jobs}}
    kinds["instance_type"] = {each.instance_type for each in pods}
    facts |= {name: values.pop() for name, values in kinds.items() if len(values) == 1}
    return facts | {str(dimension): value for dimension, value in scope.items()}


def covers(exception: SpendException, policy: str, scope: Mapping[Dimension, str]) -> bool:
    """Whether an exception was approved for this policy and for all that is asked for."""
    asked = exception.request
    approved = exception.status is Status.APPROVED
    return approved and asked.policy == policy and asked.scope.covers(scope)


def request_link(pages: str, policy: str, usd: Money, scope: Mapping[Dimension, str]) -> str:
    """The form that asks for an exception, filled in. It carries no authority."""
    told = ",".join(f"{name}={value}" for name, value in sorted(scope.items()))
    query = urlencode({"policy": policy, "amount_usd": usd.plain(), "scope": told})
    return f"{pages.rstrip('/')}{REQUEST_PAGE}?{query}"
