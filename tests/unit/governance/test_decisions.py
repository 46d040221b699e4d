"""Who decides: never one's own request, each person once, in the order of the tiers, in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bursar.domain.governance import assignment
from bursar.domain.governance.asking import ClosedError, StaleVersionError
from bursar.domain.governance.decisions import (
    AlreadyDecidedError,
    Choice,
    NotAskedError,
    OwnRequestError,
    TierDecidedError,
    TooFewPeopleLeftError,
    is_awaited,
)
from bursar.domain.governance.exceptions import SpendException, Status
from bursar.domain.governance.people import Directory, Person
from bursar.domain.governance.refusals import (
    ConflictError,
    ExpiredError,
    NotEntitledError,
)
from bursar.domain.governance.rules import Rules
from tests.unit.governance.world import (
    BY_ID,
    DIRECTOR,
    EM,
    MILLISECOND,
    NOON,
    PEOPLE,
    RULES,
    VP,
    edited,
    opened,
    others,
    said,
    tiers,
)


def test_an_approver_can_approve() -> None:
    after = said(opened(), "emil")
    assert after.status is Status.APPROVED
    assert after.consents[0].decided_by == "emil"


def test_an_approver_can_deny_and_later_tiers_are_not_asked() -> None:
    after = said(opened("100000"), "emil", Choice.DENY)
    assert after.status is Status.DENIED
    assert [each.status for each in after.consents] == [
        Status.DENIED,
        Status.PENDING,
        Status.PENDING,
    ]
    assert after.asked is None


def test_three_tiers_are_asked_one_after_the_other() -> None:
    exception = opened("120000")
    for person, asked in (("emil", DIRECTOR), ("dirk", VP)):
        exception = said(exception, person)
        assert exception.asked is not None
        assert exception.asked.tier.name == asked
    assert said(exception, "vito").status is Status.APPROVED


@pytest.mark.parametrize("choice", Choice)
def test_nobody_can_review_their_own_request(choice: Choice) -> None:
    with pytest.raises(OwnRequestError):
        said(opened(by="emil"), "emil", choice)


def test_the_beneficiary_cannot_review() -> None:
    half = said(opened("50000", beneficiary="ben"), "emil")
    with pytest.raises(OwnRequestError):
        said(half, "ben")


def test_the_delegates_of_requester_and_beneficiary_cannot_review() -> None:
    with pytest.raises(OwnRequestError):
        said(opened(by="rita"), "dora")
    with pytest.raises(OwnRequestError):
        said(opened(by="emma", beneficiary="rita"), "dora")


def test_a_delegate_of_the_requester_s_delegate_does_not_decide_in_their_place() -> None:
    chain = Rules(
        Directory(
            [
                Person(id="a", email="a@example.com", delegate="b"),
                Person(id="b", email="b@example.com", roles=frozenset({EM}), delegate="c"),
                Person(id="c", email="c@example.com"),
                Person(id="d", email="d@example.com", roles=frozenset({EM})),
                BY_ID["rita"].model_copy(update={"delegate": "b"}),
            ]
        ),
        RULES.tiers,
        RULES.teams,
        RULES.policies,
    )
    exception = opened(by="rita", rules=chain)
    with pytest.raises(NotAskedError):
        said(exception, "c", rules=chain)
    assert said(exception, "d", rules=chain).status is Status.APPROVED


@pytest.mark.parametrize("person", ["vic", "sven", "dirk", "ben"])
def test_who_holds_no_role_that_is_asked_is_not_entitled(person: str) -> None:
    """Sven stands in for Emil, who asked: so not even in Dirk's place, who is not asked."""
    with pytest.raises(NotEntitledError):
        said(opened(by="emil"), person)


def test_a_tier_cannot_be_skipped() -> None:
    exception = opened("100000")
    for person in ("dirk", "ben"):
        with pytest.raises(NotAskedError):
            said(exception, person)


def test_one_person_fills_one_tier() -> None:
    """Emma is engineering manager and director; two roles are no two people."""
    half = said(opened("50000"), "emma")
    with pytest.raises(AlreadyDecidedError):
        said(half, "emma")
    assert said(half, "dirk").status is Status.APPROVED


def test_a_delegate_s_decision_uses_up_both_people() -> None:
    half = said(opened("50000"), "sven")  # in Emil's place
    assert half.consents[0].uses == {"sven", "emil"}
    with pytest.raises(AlreadyDecidedError):
        said(half, "sven")  # in Dirk's place: the same hand twice
    with pytest.raises(ConflictError):
        said(half, "emil")
    assert said(half, "dirk").status is Status.APPROVED


def test_a_delegator_who_has_decided_has_no_second_say_through_a_delegate() -> None:
    people = [
        Person(
            id="both", email="both@example.com", roles=frozenset({EM, DIRECTOR}), delegate="hand"
        ),
        Person(id="hand", email="hand@example.com"),
        BY_ID["rita"].model_copy(update={"delegate": None}),
        BY_ID["dirk"].model_copy(update={"delegate": None}),
    ]
    rules = Rules(Directory(people), RULES.tiers, RULES.teams, RULES.policies)
    half = said(opened("50000", rules=rules), "both", rules=rules)
    with pytest.raises(AlreadyDecidedError):
        said(half, "hand", rules=rules)


def test_a_yes_that_would_leave_nobody_for_the_next_tier_is_a_conflict() -> None:
    """With Dirk as beneficiary and Ben gone, Emma is the only director left."""
    people = [person for person in PEOPLE if person.id != "ben"]
    rules = Rules(Directory(people), RULES.tiers, RULES.teams, RULES.policies)
    exception = opened("50000", beneficiary="dirk", rules=rules)
    with pytest.raises(TooFewPeopleLeftError):
        said(exception, "emma", rules=rules)
    half = said(exception, "emil", rules=rules)
    assert said(half, "emma", rules=rules).status is Status.APPROVED


def test_a_no_needs_nobody_after_it() -> None:
    exception = opened("50000", beneficiary="dirk")
    assert said(exception, "emma", Choice.DENY).status is Status.DENIED


def test_siblings_that_came_meanwhile_add_a_tier() -> None:
    exception = opened("40000")
    after = said(exception, "emil", split=others("10000"))  # 50,000 together
    assert after.status is Status.PENDING
    assert tiers(after) == [EM, DIRECTOR]
    assert said(after, "dirk", split=others("10000")).status is Status.APPROVED


def test_a_tier_once_needed_is_never_dropped() -> None:
    exception = opened("40000", split=others("10000"))
    assert said(exception, "emil").status is Status.PENDING


def test_a_millisecond_before_the_deadline_counts_and_the_deadline_does_not() -> None:
    exception = opened()
    assert said(exception, "emil", at=exception.deadline - MILLISECOND).status is Status.APPROVED
    with pytest.raises(ExpiredError):
        said(exception, "emil", at=exception.deadline)


def test_a_decision_on_another_version_is_stale() -> None:
    exception = edited(opened(), "49000")
    for version in (1, 3):
        with pytest.raises(StaleVersionError):
            said(exception, "emil", version=version)


def test_what_is_closed_stays_closed() -> None:
    approved = said(opened(), "emil")
    for person in ("emil", "vito"):
        with pytest.raises(ClosedError):
            said(approved, person, Choice.DENY)
    with pytest.raises(ClosedError):
        said(said(opened(), "emil", Choice.DENY), "emil")


def test_a_colleague_of_a_tier_that_was_decided_comes_too_late() -> None:
    half = said(opened("50000"), "emil")
    with pytest.raises(TierDecidedError):
        said(half, "vito")


def test_a_page_that_showed_another_tier_decides_nothing() -> None:
    """Emma looked while managers were asked; meanwhile it is the directors' turn, and hers."""
    half = said(opened("50000"), "emil")
    with pytest.raises(TierDecidedError):
        said(half, "emma", tier=EM)
    assert said(half, "emma", tier=DIRECTOR).status is Status.APPROVED


def test_the_list_of_approvals_shows_whose_answer_is_awaited_now() -> None:
    def awaited(exception: SpendException, at: datetime = NOON) -> set[str]:
        people = (each for each in PEOPLE if is_awaited(exception, each, at, rules=RULES))
        return {person.id for person in people}

    exception = opened("50000", beneficiary="ben")
    assert awaited(exception) == {"emil", "emma", "vito", "sven"}  # not Dora, Rita's delegate
    assert awaited(exception, exception.deadline) == set()
    assert awaited(said(exception, "emma")) == {"dirk", "sven"}
    assert awaited(said(exception, "sven")) == {"dirk", "emma"}
    assert awaited(said(exception, "emil", Choice.DENY)) == set()


def test_of_several_reasons_the_first_is_told() -> None:
    """403 before 410 before 409: nobody learns of a request's state who may not decide it."""
    exception = opened()
    late = exception.deadline
    with pytest.raises(OwnRequestError):
        said(exception, "rita", at=late, version=9)
    with pytest.raises(NotAskedError):
        said(exception, "dirk", at=late, version=9)
    with pytest.raises(ExpiredError):
        said(exception, "emil", at=late, version=9)
    closed = said(exception, "emil")
    with pytest.raises(NotAskedError):
        said(closed, "vic", version=9)


@given(
    some.lists(
        some.lists(some.sampled_from("abcde"), unique=True, max_size=4), min_size=1, max_size=4
    )
)
def test_matching_finds_distinct_people_whenever_there_are_any(lists: list[list[str]]) -> None:
    """Against trying every order of the people."""
    candidates: dict[str, Sequence[str]] = {str(n): people for n, people in enumerate(lists)}
    found = assignment.match(candidates)
    assert len(set(found.values())) == len(found)
    assert all(person in candidates[role] for role, person in found.items())
    possible = any(
        all(person in people for person, people in zip(order, lists, strict=False))
        for order in permutations("abcde", len(lists))
    )
    assert (len(found) == len(candidates)) is possible


def test_the_deadline_of_a_half_approved_request_begins_with_its_tier() -> None:
    exception = opened("50000")
    half = said(exception, "emil", at=exception.deadline - MILLISECOND)
    assert half.deadline > exception.deadline
    assert half.asked_at == NOON + (exception.deadline - NOON) - MILLISECOND
