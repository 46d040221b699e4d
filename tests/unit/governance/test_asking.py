"""What is asked for: boundaries, deadlines, splitting, edits, and whether anybody could agree."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bursar.domain.governance.asking import (
    ClosedError,
    MovedRequestError,
    NobodyCanApproveError,
    NotYoursError,
    StaleVersionError,
)
from bursar.domain.governance.decisions import Choice
from bursar.domain.governance.exceptions import AlreadyOverError, AmountOutOfRangeError, Status
from bursar.domain.governance.people import Directory
from bursar.domain.governance.refusals import ExpiredError
from bursar.domain.governance.rules import Rules, UnknownBeneficiaryError, UnknownPolicyError
from bursar.domain.governance.splitting import MOST_COUNTED, SplitCount, TooManyRequestsError
from bursar.domain.governance.teams import AmbiguousOwnerError
from bursar.domain.governance.tiers import DEFAULT_TIERS
from bursar.domain.money import Money
from tests.unit.governance.world import (
    BY_ID,
    DIRECTOR,
    EM,
    MILLISECOND,
    NOON,
    RULES,
    VP,
    edited,
    no_others,
    opened,
    others,
    said,
    tiers,
)


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("0.01", [EM]),
        ("49999.99", [EM]),
        ("49999.999999999999", [EM]),
        ("50000", [EM, DIRECTOR]),
        ("99999.99", [EM, DIRECTOR]),
        ("100000", [EM, DIRECTOR, VP]),
    ],
)
def test_the_boundaries_of_the_tiers_are_exact(amount: str, expected: list[str]) -> None:
    assert tiers(opened(amount)) == expected


def test_a_request_is_summed_with_what_the_team_asked_for_before() -> None:
    assert tiers(opened("30000", split=others("19999.99"))) == [EM]  # 49,999.99
    assert tiers(opened("30000", split=others("20000"))) == [EM, DIRECTOR]  # 50,000
    assert tiers(opened("30000", split=others("70000"))) == [EM, DIRECTOR, VP]  # 100,000


def test_what_no_longer_counts_is_left_out_of_the_sum() -> None:
    assert tiers(opened("30000", split=others("70000", until=NOON))) == [EM]
    assert tiers(opened("30000", split=others("70000", until=NOON + MILLISECOND))) == [
        EM,
        DIRECTOR,
        VP,
    ]


@pytest.mark.parametrize(
    ("scope", "team"),
    [
        ("team=search", "search"),
        ("team=search,feature=a", "search"),
        ("tenant=shop,model=llama", "search"),
        ("team=ads,tenant=stall", "ads"),
        ("namespace=lab", "unowned"),
        ("team=made-up", "unowned"),
    ],
)
def test_sibling_scopes_are_one_team_s(scope: str, team: str) -> None:
    assert opened(scope=scope).team == team


def test_a_scope_of_two_teams_is_refused() -> None:
    with pytest.raises(AmbiguousOwnerError):
        opened(scope="team=ads,tenant=shop")


def test_pending_requests_count_until_their_deadline_and_approved_ones_for_30_days() -> None:
    pending = opened("30000")
    count = no_others().with_(pending, NOON)
    last = pending.deadline - MILLISECOND
    assert count.others("E2", last) == Money.of(30000)
    assert count.others("E2", pending.deadline) == Money.zero()
    assert count.others("E1", last) == Money.zero()  # not beside itself
    count = count.with_(said(pending, "emil"), NOON)
    assert count.others("E2", NOON + timedelta(days=30) - MILLISECOND) == Money.of(30000)
    assert count.others("E2", NOON + timedelta(days=30)) == Money.zero()


def test_denied_requests_do_not_count() -> None:
    pending = opened("30000")
    count = no_others().with_(pending, NOON).with_(said(pending, "emil", Choice.DENY), NOON)
    assert count.others("E2", NOON) == Money.zero()
    assert count.version == 2


def test_a_count_that_is_full_takes_no_more() -> None:
    counted = others("1").counted[0]
    full = SplitCount(team="search", policy="training-job", counted=(counted,) * MOST_COUNTED)
    with pytest.raises(TooManyRequestsError):
        full.with_(opened(), NOON)


def test_a_deadline_is_the_tier_s_and_never_passes_until() -> None:
    assert opened().deadline == NOON + timedelta(hours=72)
    assert opened(until=NOON + timedelta(hours=5)).deadline == NOON + timedelta(hours=5)
    second = said(
        opened("50000", until=NOON + timedelta(hours=80)), "emil", at=NOON + timedelta(hours=71)
    )
    assert second.deadline == NOON + timedelta(hours=80)  # 71 h + 72 h would be later


@pytest.mark.parametrize("amount", ["0", "-1", "1000000000000.01"])
def test_an_amount_that_is_none_is_refused(amount: str) -> None:
    with pytest.raises(AmountOutOfRangeError):
        opened(amount)


def test_until_lies_ahead() -> None:
    with pytest.raises(AlreadyOverError):
        opened(until=NOON)


def test_policy_and_beneficiary_are_configured() -> None:
    with pytest.raises(UnknownPolicyError):
        opened(policy="no-such-policy")
    with pytest.raises(UnknownBeneficiaryError):
        opened(beneficiary="nobody")


def test_a_viewer_asks_for_nothing() -> None:
    with pytest.raises(NotYoursError):
        opened(by="vic")


def test_a_request_that_no_distinct_people_could_sign_is_refused() -> None:
    """Emma alone is both engineering manager and director: one person fills one tier."""
    few = Rules(
        Directory([BY_ID["emma"], BY_ID["sven"]]),
        DEFAULT_TIERS,
        RULES.teams,
        RULES.policies,
    )
    assert tiers(opened("49999", by="sven", rules=few)) == [EM]
    with pytest.raises(NobodyCanApproveError):
        opened("50000", by="sven", rules=few)


def test_an_edit_is_a_new_version_that_nobody_has_agreed_to() -> None:
    half = said(opened("50000"), "emil")
    after = edited(half, "60000", at=NOON + timedelta(hours=1))
    assert (after.version, after.revision, after.decisions) == (2, 3, 1)
    assert [each.status for each in after.consents] == [Status.PENDING, Status.PENDING]
    assert after.deadline == NOON + timedelta(hours=73)
    with pytest.raises(StaleVersionError):
        said(after, "emil", version=1)


def test_only_who_asked_edits() -> None:
    with pytest.raises(NotYoursError):
        edited(opened(), "1", by="emil")


def test_an_edit_of_what_is_closed_expired_or_stale_is_refused() -> None:
    exception = opened()
    with pytest.raises(ClosedError):
        edited(said(exception, "emil"), "1")
    with pytest.raises(ExpiredError):
        edited(exception, "1", at=exception.deadline)
    with pytest.raises(StaleVersionError):
        edited(exception, "1", version=2)


def test_an_edit_keeps_policy_and_team() -> None:
    for moved in ({"policy": "api-request"}, {"scope": "team=ads"}):
        with pytest.raises(MovedRequestError):
            edited(opened(), "1", **moved)
