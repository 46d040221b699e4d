"""What is posted, what waits for a person, and what is turned away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bursar.domain.money import Money
from bursar.domain.usage.plausibility import (
    ACCEPTED,
    Judgement,
    PlausibilityLimits,
    judge,
    judge_cost,
)
from bursar.domain.usage.records import TokenCounts, UsageRecord

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LIMITS = PlausibilityLimits()


def usage(**changes: Any) -> UsageRecord:
    told = {"producer": "p", "id": "1", "at": NOON, "tenant": "acme", "model": "m"}
    return UsageRecord(**{**told, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"at": NOON + timedelta(minutes=5)},
        {"at": NOON - timedelta(days=60)},
        {"tokens": TokenCounts(input=10_000_000)},
        {"tokens": TokenCounts(input=500_000_000), "requests": 50},
        {"tokens": TokenCounts(input=10**10), "requests": 10**8},
        {"tokens": TokenCounts(input=10**10), "requests": 0},  # sums of nobody knows how many
        {"latency_ms": 86_400_000},
    ],
)
def test_what_can_be_true_is_accepted(changes: dict[str, Any]) -> None:
    assert judge(usage(**changes), NOON, LIMITS) == ACCEPTED


@pytest.mark.parametrize(
    ("changes", "judgement", "reason"),
    [
        (
            {"at": NOON + timedelta(minutes=5, microseconds=1)},
            Judgement.QUARANTINE,
            "at is more than 5 minutes ahead",
        ),
        (
            {"at": NOON - timedelta(days=60, microseconds=1)},
            Judgement.HOLD,
            "at is more than 60 days ago",
        ),
        (
            {"tokens": TokenCounts(input=9_000_000, output=1_000_001)},
            Judgement.HOLD,
            "more than 10000000 tokens a request",
        ),
        (
            {"tokens": TokenCounts(input=10**10 + 1), "requests": 0},
            Judgement.HOLD,
            "more than 10000000000 tokens",
        ),
        ({"requests": 10**8 + 1}, Judgement.HOLD, "more than 100000000 requests"),
        (
            {"tokens": TokenCounts(input=10**10, output=1), "requests": 10**6},
            Judgement.HOLD,
            "more than 10000000000 tokens",
        ),
        ({"latency_ms": 86_400_001}, Judgement.HOLD, "latency_ms is more than 24 hours"),
    ],
)
def test_what_can_hardly_be_true_is_not(
    changes: dict[str, Any], judgement: Judgement, reason: str
) -> None:
    verdict = judge(usage(**changes), NOON, LIMITS)
    assert (verdict.judgement, verdict.reason) == (judgement, reason)


def test_the_limits_are_a_setting() -> None:
    tight = PlausibilityLimits(oldest=timedelta(days=1), most_tokens_per_request=10)
    old = judge(usage(at=NOON - timedelta(days=2)), NOON, tight)
    assert old.reason == "at is more than 1 days ago"
    assert judge(usage(tokens=TokenCounts(11)), NOON, tight).judgement is Judgement.HOLD


@pytest.mark.parametrize(("requests", "held"), [(1, True), (2, False), (0, False)])
def test_what_costs_too_much_is_told_by_its_mean_request(requests: int, held: bool) -> None:
    """6 USD under a ceiling of 5: one request, two of 3, or sums of requests that are not told."""
    dear = PlausibilityLimits(dearest_request=Money.of("5"))
    verdict = judge_cost(usage(requests=requests), Money.of("6"), dear)
    assert (verdict.judgement is Judgement.HOLD) == held
