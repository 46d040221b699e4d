"""Decisions: who may say yes or no to an exception now, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict

from bursar.domain.governance import assignment
from bursar.domain.governance.asking import needed, refuse_outdated
from bursar.domain.governance.exceptions import (
    Consent,
    SpendException,
    Status,
    closed,
    refuse_expired,
)
from bursar.domain.governance.people import Person
from bursar.domain.governance.refusals import ConflictError, NotEntitledError
from bursar.domain.governance.rules import Rules
from bursar.domain.governance.splitting import SplitCount


class OwnRequestError(NotEntitledError):
    """Who asked, who profits, and their delegates do not decide."""


class NotAskedError(NotEntitledError):
    """The person holds none of the roles that are, or were, asked."""


class TierDecidedError(ConflictError):
    """The person's tier, or the one that they were shown, has been decided or is not asked yet."""


class AlreadyDecidedError(ConflictError):
    """The person has had their say on this version, or somebody has in their place."""


class TooFewPeopleLeftError(ConflictError):
    """After this decision no distinct people would be left for the tiers that remain."""


class Choice(StrEnum):
    APPROVE = "approve"
    DENY = "deny"


class TierDecision(BaseModel):
    """One answer, kept for good. `uses` are who decided, and in whose place."""

    model_config = ConfigDict(frozen=True)

    exception: str
    number: int  # 1, 2, ...: of all decisions ever made on it
    version: int
    tier: str
    choice: Choice
    person: str
    uses: frozenset[str]
    at: AwareDatetime
    comment: str = ""


class Decided(NamedTuple):
    exception: SpendException
    decision: TierDecision


def decide(
    exception: SpendException,
    person: Person,
    choice: Choice,
    version: int,
    at: datetime,
    *,
    rules: Rules,
    split: SplitCount,
    tier: str | None = None,
    comment: str = "",
) -> Decided:
    """Answer for the tier that is asked; the next one is asked, or the exception is closed.

    `version`, and `tier` where the caller knows it, are what the person was shown.

    Raises:
        NotEntitledError: it is their own request, or they hold none of the roles asked so far.
        ExpiredError: the deadline has passed.
        ConflictError: it is closed, edited since, or their tier was decided; or a yes would
            leave the remaining tiers without distinct people.
    """
    excluded = assignment.parties(
        rules.directory, exception.requester, exception.request.beneficiary
    )
    refuse_party(person, excluded)
    ways = _ways(exception, person, rules, excluded)
    refuse_expired(exception, at)
    refuse_outdated(exception, version)
    refuse_second_say(exception, person)
    asked = exception.asked
    if asked is None or not ways[asked.tier.name] or tier not in (None, asked.tier.name):
        raise TierDecidedError(f"{exception.id} does not ask that tier now")
    free = [uses for uses in ways[asked.tier.name] if not uses & exception.used]
    if not free:
        raise AlreadyDecidedError(f"somebody has decided {exception.id} in another's place")
    if choice is Choice.DENY:
        uses = free[0]
        following = closed(
            exception, Status.DENIED, _answered(exception, person, uses, choice, at)
        )
    else:
        uses, following = _approved(exception, person, free, at, rules, split, excluded)
    following = following.model_copy(update={"decisions": exception.decisions + 1})
    return Decided(
        following,
        TierDecision(
            exception=exception.id,
            number=following.decisions,
            version=version,
            tier=asked.tier.name,
            choice=choice,
            person=person.id,
            uses=uses,
            at=at,
            comment=comment,
        ),
    )


def is_awaited(exception: SpendException, person: Person, at: datetime, *, rules: Rules) -> bool:
    """Whether this person's answer is asked for now: what their own list of approvals shows."""
    asked = exception.asked
    if asked is None or at >= exception.deadline or person.id in exception.used:
        return False
    request = exception.request
    excluded = assignment.parties(rules.directory, exception.requester, request.beneficiary)
    ways = assignment.capacities(rules.directory, person, asked.tier.name, excluded)
    return any(not uses & exception.used for uses in ways)


def refuse_party(person: Person, excluded: frozenset[str]) -> None:
    """Nobody decides on what they asked for or profit from.

    Raises:
        OwnRequestError: the person is a party to the request, or a party's delegate.
    """
    if person.id in excluded:
        raise OwnRequestError(f"{person.id} is a party to this request")


def refuse_second_say(exception: SpendException, person: Person) -> None:
    """One person fills one tier.

    Raises:
        AlreadyDecidedError: they have decided, or their delegate has.
    """
    if person.id in exception.used:
        raise AlreadyDecidedError(f"{person.id} has had a say on {exception.id} already")


def _ways(
    exception: SpendException, person: Person, rules: Rules, excluded: frozenset[str]
) -> dict[str, list[frozenset[str]]]:
    """How the person may answer for each tier that was asked so far; for all, once closed."""
    ways = {}
    for consent in exception.consents:
        role = consent.tier.name
        ways[role] = assignment.capacities(rules.directory, person, role, excluded)
        if consent == exception.asked:
            break
    if not any(ways.values()):
        raise NotAskedError(f"{person.id} is not asked about {exception.id}")
    return ways


def _answered(
    exception: SpendException,
    person: Person,
    uses: frozenset[str],
    choice: Choice,
    at: datetime,
) -> tuple[Consent, ...]:
    status = Status.APPROVED if choice is Choice.APPROVE else Status.DENIED
    answer = {"status": status, "decided_by": person.id, "uses": uses, "decided_at": at}
    return tuple(
        each.model_copy(update=answer) if each == exception.asked else each
        for each in exception.consents
    )


def _approved(
    exception: SpendException,
    person: Person,
    ways: Sequence[frozenset[str]],
    at: datetime,
    rules: Rules,
    split: SplitCount,
    excluded: frozenset[str],
) -> tuple[frozenset[str], SpendException]:
    """Of the ways to answer, the first that leaves people for what remains."""
    amount = exception.request.amount + split.others(exception.id, at)
    for uses in ways:
        consents = needed(
            _answered(exception, person, uses, Choice.APPROVE, at), amount, rules.tiers
        )
        left = [each.tier for each in consents if each.status is Status.PENDING]
        taken = excluded | exception.used | uses
        if not assignment.can_fill(rules.directory, [tier.name for tier in left], taken):
            continue
        if not left:
            return uses, closed(exception, Status.APPROVED, consents)
        update = {
            "consents": consents,
            "revision": exception.revision + 1,
            "asked_at": at,
            "deadline": left[0].deadline(at, exception.request.until),
        }
        return uses, exception.model_copy(update=update)
    raise TooFewPeopleLeftError(f"{exception.id} would have too few people for what remains")
