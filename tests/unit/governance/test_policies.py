"""What may pass, what needs a signature, and what is denied because nobody spoke of it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from bursar.domain.governance.policies import (
    DEFAULT_POLICIES,
    Condition,
    GatedKind,
    Policy,
    Verdict,
    judge,
)


def verdict(kind: GatedKind, fact: str, value: str) -> Verdict:
    return judge(DEFAULT_POLICIES, kind, {fact: Decimal(value)}).verdict


def condition(fact: str, operator: str, value: object) -> Condition:
    return Condition.model_validate({"fact": fact, "is": operator, "value": value})


@pytest.mark.parametrize(
    ("usd", "expected"),
    [("10000", Verdict.ALLOW), ("10000.000000000001", Verdict.REQUIRE_APPROVAL)],
)
def test_a_training_job_above_ten_thousand_dollars_needs_approval(
    usd: str, expected: Verdict
) -> None:
    assert verdict(GatedKind.TRAINING_JOB, "estimated_cost_usd", usd) is expected


@pytest.mark.parametrize(
    ("percent", "expected"),
    [
        ("79.99", Verdict.ALLOW),
        ("80", Verdict.ALERT),
        ("99.99", Verdict.ALERT),
        ("100", Verdict.STOP),
    ],
)
def test_a_team_s_month_alerts_at_80_and_stops_at_100_percent(
    percent: str, expected: Verdict
) -> None:
    assert verdict(GatedKind.TEAM_MONTH, "budget_used_percent", percent) is expected


def test_an_api_request_above_a_cent_is_reviewed() -> None:
    assert verdict(GatedKind.API_REQUEST, "estimated_cost_usd", "0.01") is Verdict.ALLOW
    assert verdict(GatedKind.API_REQUEST, "estimated_cost_usd", "0.0101") is Verdict.REVIEW


def test_no_policy_for_a_gated_kind_is_denied_with_the_reason() -> None:
    told = judge((), GatedKind.TRAINING_JOB, {"estimated_cost_usd": Decimal(1)})
    assert told == (Verdict.DENY, None, "no policy speaks of this training_job")


def test_a_policy_for_other_resources_is_none_for_this_one() -> None:
    policy = Policy.model_validate(
        {
            "name": "gpu-jobs",
            "kind": "training_job",
            "applies": [{"fact": "gpu", "is": "one_of", "value": ["h100", "h200"]}],
            "rules": [
                {
                    "when": [{"fact": "gpus", "is": "above", "value": 8}],
                    "then": "require_approval",
                }
            ],
        }
    )
    asked = {"gpu": "h100", "gpus": Decimal(9)}
    assert judge([policy], GatedKind.TRAINING_JOB, asked).verdict is Verdict.REQUIRE_APPROVAL
    other = judge([policy], GatedKind.TRAINING_JOB, {**asked, "gpu": "l4"})
    assert other.verdict is Verdict.DENY


def test_what_is_not_known_cannot_be_judged_and_is_denied() -> None:
    missing = judge(DEFAULT_POLICIES, GatedKind.TRAINING_JOB, {})
    assert missing.verdict is Verdict.DENY
    assert missing.reason.endswith("estimated_cost_usd is not known")
    odd = judge(DEFAULT_POLICIES, GatedKind.TRAINING_JOB, {"estimated_cost_usd": Decimal("NaN")})
    assert odd.reason.endswith("estimated_cost_usd is no number")


def test_the_reason_names_policy_fact_and_boundary() -> None:
    told = judge(DEFAULT_POLICIES, GatedKind.TRAINING_JOB, {"estimated_cost_usd": Decimal(12000)})
    assert told.reason == "training-job: estimated_cost_usd (12000) is above 10000"


@pytest.mark.parametrize(
    ("operator", "value", "fact", "holds"),
    [
        ("equals", "a", "a", True),
        ("equals", "a", "b", False),
        ("differs", "a", "b", True),
        ("equals", "1.50", Decimal("1.5"), True),
        ("below", 2, Decimal("1.9"), True),
        ("at_most", 2, Decimal(2), True),
        ("at_most", 2, Decimal("2.01"), False),
        ("one_of", ("a", "b"), "b", True),
        ("one_of", ("a", "b"), "c", False),
    ],
)
def test_operators(operator: str, value: object, fact: str | Decimal, holds: bool) -> None:
    assert condition("x", operator, value).holds({"x": fact}) is holds


@pytest.mark.parametrize(
    ("operator", "value"),
    [("above", "much"), ("above", "NaN"), ("one_of", "a"), ("equals", ("a",)), ("runs", "1")],
)
def test_a_condition_that_means_nothing_is_refused(operator: str, value: object) -> None:
    with pytest.raises(ValidationError):
        condition("x", operator, value)
