"""Opening an exception and editing it: which tiers must agree, and whether they can."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from bursar.domain.governance import assignment, tiers
from bursar.domain.governance.exceptions import (
    Consent,
    Request,
    SpendException,
    Status,
    refuse_expired,
)
from bursar.domain.governance.people import Directory, Person
from bursar.domain.governance.refusals import (
    ConflictError,
    InvalidRequestError,
    NotEntitledError,
)
from bursar.domain.governance.rules import Rules
from bursar.domain.governance.splitting import SplitCount
from bursar.domain.governance.tiers import Tier
from bursar.domain.money import Money


class NobodyCanApproveError(InvalidRequestError):
    """No distinct people are left for all the tiers that a request needs."""


class MovedRequestError(InvalidRequestError):
    """An edit would move a request to another policy or team: file a new one."""


class NotYoursError(NotEntitledError):
    """Only who asked may change what is asked for; viewers may not ask."""


class ClosedError(ConflictError):
    """The exception was approved or denied: that stands."""


class StaleVersionError(ConflictError):
    """What was asked for has been edited since the caller saw it."""


def open_exception(
    exception_id: str,
    request: Request,
    requester: Person,
    at: datetime,
    *,
    rules: Rules,
    split: SplitCount,
) -> SpendException:
    """A pending exception; its first tier is asked now.

    Raises:
        NotYoursError: the person may not ask.
        InvalidRequestError: nobody could grant it as it is; the subclass says why.
    """
    refuse_viewer(requester)
    team = rules.team_of(request)
    request.check(at)
    consents = needed((), request.amount + split.others(exception_id, at), rules.tiers)
    refuse_unfillable(rules.directory, consents, request, requester.id)
    return SpendException(
        id=exception_id,
        request=request,
        requester=requester.id,
        team=team,
        opened_at=at,
        consents=consents,
        asked_at=at,
        deadline=consents[0].tier.deadline(at, request.until),
    )


def refuse_viewer(requester: Person) -> None:
    """Viewers look, and do not ask.

    Raises:
        NotYoursError: the person is one.
    """
    if not requester.may_ask:
        raise NotYoursError(f"{requester.id} may look, and not ask")


def edit_exception(
    exception: SpendException,
    request: Request,
    editor: Person,
    version: int,
    at: datetime,
    *,
    rules: Rules,
    split: SplitCount,
) -> SpendException:
    """The next version, which nobody has agreed to yet.

    Raises:
        NotYoursError, ExpiredError, ClosedError, StaleVersionError: it may not be edited so.
        InvalidRequestError: nobody could grant it; the subclass says why.
    """
    if editor.id != exception.requester:
        raise NotYoursError(f"{exception.id} was asked for by somebody else")
    refuse_expired(exception, at)
    refuse_outdated(exception, version)
    if (request.policy, rules.team_of(request)) != (exception.request.policy, exception.team):
        raise MovedRequestError("an edit keeps policy and team: file a new request")
    edited = open_exception(exception.id, request, editor, at, rules=rules, split=split)
    return edited.model_copy(
        update={
            "opened_at": exception.opened_at,
            "version": exception.version + 1,
            "revision": exception.revision + 1,
            "decisions": exception.decisions,
        }
    )


def refuse_outdated(exception: SpendException, version: int) -> None:
    """Only the pending exception that the caller has seen may be changed.

    Raises:
        ClosedError: it is not pending.
        StaleVersionError: it is another version.
    """
    if exception.status is not Status.PENDING:
        raise ClosedError(f"{exception.id} is {exception.status}")
    if version != exception.version:
        raise StaleVersionError(f"{exception.id} is at version {exception.version}")


def needed(
    given: tuple[Consent, ...], amount: Money, all_tiers: Iterable[Tier]
) -> tuple[Consent, ...]:
    """The consents with those added that the amount needs as well: none is ever dropped."""
    known = {each.tier.name for each in given}
    reached = tiers.required(list(all_tiers), amount)
    return given + tuple(Consent(tier=tier) for tier in reached if tier.name not in known)


def refuse_unfillable(
    directory: Directory, consents: Sequence[Consent], request: Request, requester: str
) -> None:
    """Every tier needs a person of its own, who is no party to the request.

    Raises:
        NobodyCanApproveError: there are too few.
    """
    excluded = assignment.parties(directory, requester, request.beneficiary)
    roles = [each.tier.name for each in consents]
    if not assignment.can_fill(directory, roles, excluded):
        raise NobodyCanApproveError(f"too few people could agree as {', '.join(roles)}")
