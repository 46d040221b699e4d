"""Say whether jobs may start: price them, ask the policies, and use an approved exception."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from bursar.domain.gate.jobs import JobShape, duration_of, identity_of
from bursar.domain.gate.pricing import (
    Terms,
    UnpricedJobError,
    keys_for,
    price_job,
)
from bursar.domain.gate.verdicts import (
    VERDICTS,
    GateAnswer,
    GateVerdict,
    JobApproval,
    covers,
    facts_of,
    request_link,
)
from bursar.domain.governance import audit
from bursar.domain.governance.policies import GatedKind, Policy, judge
from bursar.domain.governance.teams import UNOWNED, Team, owning_team
from bursar.domain.money import Money
from bursar.domain.scopes import Dimension, Scope
from bursar.ports import (
    Allowances,
    ExceptionHistory,
    InstanceCatalogue,
    JobApprovals,
    PriceBook,
)

_TRIES = 3  # another gate may answer for the same submission at the same moment


@dataclass(frozen=True)
class Exceptions:
    """Where approved exceptions are read and used."""

    history: ExceptionHistory
    allowances: Allowances
    approvals: JobApprovals


@dataclass(frozen=True)
class Submission:
    """Jobs that are handed in together. `scope` says whose they are; `actor` who asks.

    `hours` is how long each runs, if somebody says; `pages` is where people ask for exceptions.
    """

    jobs: Sequence[JobShape]
    terms: Terms
    scope: Mapping[Dimension, str]
    hours: Decimal | None = None
    actor: str = "gate"
    pages: str = ""


def scope_of(
    jobs: Sequence[JobShape],
    organisation: str | None,
    teams: Sequence[Team],
    cluster: str | None = None,
) -> Mapping[Dimension, str]:
    """Whose all of the jobs are: the namespace that they share, and the team that owns it.

    A manifest does not say which `cluster` it is for: whoever hands it in does.

    Labels say nothing here: anybody can write another team's name on a job.

    Raises:
        AmbiguousOwnerError: several teams own the namespace.
        ScopeError: the namespace can be no part of a scope.
    """
    scope = {Dimension.ORG: organisation} if organisation else {}
    if cluster:
        scope[Dimension.CLUSTER] = cluster
    namespaces = {job.namespace for job in jobs}
    if len(namespaces) == 1:
        scope[Dimension.NAMESPACE] = namespaces.pop()
    if scope and (team := owning_team(teams, Scope(scope))) != UNOWNED:
        scope[Dimension.TEAM] = team
    return scope


def gate_job(
    submission: Submission,
    at: datetime,
    *,
    policies: Sequence[Policy],
    catalogue: InstanceCatalogue,
    prices: PriceBook,
    exceptions: Exceptions | None = None,
) -> GateAnswer:
    """The verdict over all of the jobs together: two of half the size are no smaller.

    Raises:
        DurationError: nobody says how long one of them runs.
    """
    durations = [duration_of(job, submission.hours) for job in submission.jobs]
    types, terms = catalogue.describe(), submission.terms
    book = prices.prices_at(keys_for(submission.jobs, types, terms), at)
    try:
        priced = tuple(
            price_job(job, duration, catalogue=types, book=book, terms=terms)
            for job, duration in zip(submission.jobs, durations, strict=True)
        )
    except UnpricedJobError as error:
        return GateAnswer(GateVerdict.DENIED, None, str(error))
    judged = judge(policies, GatedKind.TRAINING_JOB, facts_of(priced, submission.scope))
    answer = GateAnswer(VERDICTS[judged.verdict], judged.policy, judged.reason, priced)
    if answer.verdict is not GateVerdict.APPROVAL_REQUIRED:
        return answer
    if exceptions and (paid := _pay(answer, submission, at, exceptions)):
        reason = f"{answer.reason}; exception {paid.exception} covers {paid.usd.plain()} USD of it"
        return replace(
            answer, verdict=GateVerdict.APPROVED, reason=reason, exception=paid.exception
        )
    return replace(answer, link=_link(answer, submission))


def _pay(
    answer: GateAnswer, submission: Submission, at: datetime, exceptions: Exceptions
) -> JobApproval | None:
    """What has paid for the submission: now, or when it was asked about before."""
    name = identity_of(submission.jobs, [job.duration.hours for job in answer.jobs])
    for _ in range(_TRIES):
        known = exceptions.approvals.approved(name)
        if known is not None and _holds(known, answer, at, exceptions):
            return known
        wanted = _affordable(name, known, answer, submission, at, exceptions)
        if wanted is None:
            return None
        if exceptions.approvals.pay(known, wanted, at, _audited(wanted, submission, at)):
            return wanted
    return None


def _holds(known: JobApproval, answer: GateAnswer, at: datetime, exceptions: Exceptions) -> bool:
    """What was paid covers it while the exception lasts."""
    allowance = exceptions.allowances.allowance(known.exception)
    lasts = allowance is not None and at < allowance.until
    usd = answer.usd
    return lasts and known.policy == answer.policy and usd is not None and usd <= known.usd


def _affordable(
    name: str,
    known: JobApproval | None,
    answer: GateAnswer,
    submission: Submission,
    at: datetime,
    exceptions: Exceptions,
) -> JobApproval | None:
    """The approval by the exception that ends first of those with enough left.

    One that has paid before pays only what the submission has become dearer by.
    """
    if answer.policy is None or answer.usd is None:
        return None
    found = []
    for each in exceptions.history.recent():
        if not covers(each, answer.policy, submission.scope):
            continue
        wanted = JobApproval(name, answer.policy, each.id, answer.usd)
        amount = wanted.beyond(known)
        allowance = exceptions.allowances.allowance(each.id)
        if allowance and Money.zero() < amount <= allowance.usable(at):
            found.append((allowance.until, each.id, wanted))
    return min(found, key=lambda one: one[:2])[2] if found else None


def _audited(paid: JobApproval, submission: Submission, at: datetime) -> audit.AuditIntent:
    details = {
        "submission": paid.submission,
        "jobs": [job.title for job in submission.jobs],
        "policy": paid.policy,
        "exception": paid.exception,
        "amount_usd": paid.usd.plain(),
    }
    intent_id = f"gate-{paid.submission}-{paid.exception}-{paid.usd.units}"
    return audit.intent(intent_id, at, "gate.job_approved", submission.actor, details)


def _link(answer: GateAnswer, submission: Submission) -> str | None:
    if answer.policy is None or answer.usd is None:
        return None
    return request_link(submission.pages, answer.policy, answer.usd, submission.scope)
