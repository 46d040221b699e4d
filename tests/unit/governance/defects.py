"""Seeded defects: each rule broken in one way, to prove that the watchers would see it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from bursar.adapters.memory.governance import MemoryAudit, MemoryExceptions
from bursar.domain.governance import asking, assignment, decisions, rules, splitting, tiers
from bursar.domain.governance.consumption import Allowance
from bursar.domain.governance.exceptions import (
    Consent,
    Request,
    SpendException,
    Status,
    closed,
)
from bursar.domain.governance.people import Directory, Person
from bursar.domain.governance.splitting import SplitCount
from bursar.domain.governance.tiers import Tier
from bursar.domain.money import Money
from bursar.jobs import resolve_tier

Break = Callable[[pytest.MonkeyPatch], None]
DEFECTS: dict[str, Break] = {}


def defect(breaks: Break) -> Break:
    DEFECTS[breaks.__name__] = breaks
    return breaks


@defect
def requesters_decide(patch: pytest.MonkeyPatch) -> None:
    real = assignment.parties

    def without(directory: Directory, requester: str, beneficiary: str | None) -> Any:
        return real(directory, requester, beneficiary) - {requester}

    patch.setattr(assignment, "parties", without)


@defect
def beneficiaries_decide(patch: pytest.MonkeyPatch) -> None:
    real = assignment.parties
    patch.setattr(assignment, "parties", lambda people, who, _: real(people, who, None))


@defect
def delegates_of_the_parties_decide(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(assignment, "parties", lambda _, who, whom: frozenset({who, whom}))


@defect
def any_approver_answers_for_any_tier(patch: pytest.MonkeyPatch) -> None:
    names = {"engineering-manager", "director", "vp"}

    def anybody(_: Directory, person: Person, role: str, excluded: frozenset[str]) -> Any:
        able = person.roles & names and person.id not in excluded
        return [frozenset({person.id})] if able else []

    patch.setattr(assignment, "capacities", anybody)


@defect
def a_delegate_uses_up_nobody_else(patch: pytest.MonkeyPatch) -> None:
    real = assignment.capacities

    def alone(directory: Directory, person: Person, *rest: Any) -> Any:
        return [frozenset({person.id}) for _ in real(directory, person, *rest)]

    patch.setattr(assignment, "capacities", alone)


@defect
def one_person_fills_two_tiers(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SpendException, "used", frozenset())


@defect
def nobody_is_left_for_the_next_tier(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(assignment, "can_fill", lambda *_: True)


@defect
def stale_versions_are_decided(patch: pytest.MonkeyPatch) -> None:
    real = asking.refuse_outdated
    patch.setattr(decisions, "refuse_outdated", lambda it, _: real(it, it.version))


@defect
def denied_requests_are_decided_again(patch: pytest.MonkeyPatch) -> None:
    def next_one(exception: SpendException) -> Consent | None:
        waiting = (each for each in exception.consents if each.status is Status.PENDING)
        return next(waiting, None)

    patch.setattr(decisions, "refuse_outdated", lambda *_: None)
    patch.setattr(SpendException, "asked", property(next_one))


@defect
def a_decision_at_the_deadline_counts(patch: pytest.MonkeyPatch) -> None:
    def lenient(exception: SpendException, at: datetime) -> Status:
        late = exception.status is Status.PENDING and at > exception.deadline
        return Status.EXPIRED if late else exception.status

    patch.setattr(SpendException, "status_at", lenient)


@defect
def a_decision_just_before_the_deadline_is_lost(patch: pytest.MonkeyPatch) -> None:
    def hasty(exception: SpendException, at: datetime) -> Status:
        late = at >= exception.deadline - timedelta(milliseconds=1)
        pending = exception.status is Status.PENDING
        return Status.EXPIRED if pending and late else exception.status

    patch.setattr(SpendException, "status_at", hasty)


@defect
def deadlines_pass_until(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Tier, "deadline", lambda tier, at, _: at + timedelta(hours=72))


@defect
def the_next_tier_keeps_the_old_deadline(patch: pytest.MonkeyPatch) -> None:
    real = decisions._approved

    def unmoved(exception: SpendException, *rest: Any) -> Any:
        uses, after = real(exception, *rest)
        return uses, after.model_copy(update={"deadline": exception.deadline})

    patch.setattr(decisions, "_approved", unmoved)


@defect
def boundaries_are_off_by_a_cent(patch: pytest.MonkeyPatch) -> None:
    def above(all_tiers: list[Tier], amount: Money) -> list[Tier]:
        return [tier for tier in all_tiers if amount > tier.at_least]

    patch.setattr(tiers, "required", above)


@defect
def splits_are_not_summed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SplitCount, "others", lambda *_: Money.zero())


@defect
def splits_are_not_summed_again_at_decisions(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decisions, "needed", lambda given, *_: given)


@defect
def approved_requests_are_not_summed(patch: pytest.MonkeyPatch) -> None:
    def pending_only(exception: SpendException, _: datetime) -> datetime | None:
        return exception.deadline if exception.status is Status.PENDING else None

    patch.setattr(splitting, "_counts_until", pending_only)


@defect
def denied_requests_are_summed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(splitting, "_counts_until", lambda it, at: max(it.deadline, at))


@defect
def sibling_scopes_are_summed_apart(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rules, "owning_team", lambda _, scope: str(scope))


@defect
def anybody_edits(patch: pytest.MonkeyPatch) -> None:
    real = asking.edit_exception

    def disguised(
        it: SpendException, request: Any, editor: Person, *rest: Any, **more: Any
    ) -> Any:
        owner = more["rules"].directory.get(it.requester)
        return real(it, request, owner, *rest, **more)

    patch.setattr(asking, "edit_exception", disguised)


@defect
def an_edit_keeps_its_consents(patch: pytest.MonkeyPatch) -> None:
    real = asking.edit_exception

    def kept(it: SpendException, *rest: Any, **more: Any) -> SpendException:
        after = real(it, *rest, **more)
        given = {each.tier.name: each for each in it.consents}
        consents = tuple(given.get(each.tier.name, each) for each in after.consents)
        return after.model_copy(update={"consents": consents})

    patch.setattr(asking, "edit_exception", kept)


@defect
def an_edit_is_no_new_version(patch: pytest.MonkeyPatch) -> None:
    real = asking.edit_exception

    def unnumbered(it: SpendException, *rest: Any, **more: Any) -> SpendException:
        return real(it, *rest, **more).model_copy(update={"version": it.version})

    patch.setattr(asking, "edit_exception", unnumbered)


@defect
def a_timeout_ends_what_was_decided(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(resolve_tier, "is_answered", lambda *_: False)


@defect
def a_timeout_comes_early(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(resolve_tier, "expire", lambda it, _: closed(it, Status.EXPIRED, it.consents))


@defect
def writers_do_not_see_each_other(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(MemoryExceptions, "_is_current", lambda *_: True)


@defect
def a_token_is_stored_for_what_was_decided(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(MemoryExceptions, "put", lambda *_: True)


@defect
def an_approval_is_worth_twice_its_amount(patch: pytest.MonkeyPatch) -> None:
    real = Allowance.of

    def doubled(exception: str, request: Request, at: datetime) -> Allowance:
        more = request.model_copy(update={"amount": request.amount + request.amount})
        return real(exception, more, at)

    patch.setattr(Allowance, "of", doubled)


@defect
def denials_are_not_audited(patch: pytest.MonkeyPatch) -> None:
    real = MemoryAudit.add

    def forgetful(audit: MemoryAudit, intent: Any) -> None:
        if b'"choice": "deny"' not in intent.body:
            real(audit, intent)

    patch.setattr(MemoryAudit, "add", forgetful)
