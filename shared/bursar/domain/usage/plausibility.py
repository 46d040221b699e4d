"""Whether a record can be true: posted, held for a person, or turned away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bursar.domain.money import Money
from bursar.domain.usage.records import UsageRecord


class Judgement(StrEnum):
    """`hold`: a person posts or drops it. `quarantine`: it cannot be posted as it is."""

    ACCEPT = "accept"
    HOLD = "hold"
    QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True)
class Verdict:
    judgement: Judgement
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlausibilityLimits:
    """The defaults are beyond any model sold: contexts end at some two million tokens. A record
    that tells sums is of an hour or a batch, in which no model serves one tenant so much. Where
    it does not tell of how many requests, none of them is judged.

    Of `dearest_request` nothing is known beforehand: what is dear is the owner's to say.
    """

    most_ahead: timedelta = timedelta(minutes=5)
    oldest: timedelta = timedelta(days=60)
    most_tokens_per_request: int = 10_000_000
    most_requests: int = 10**8
    most_tokens: int = 10**10
    longest_latency: timedelta = timedelta(hours=24)
    dearest_request: Money | None = None


ACCEPTED = Verdict(Judgement.ACCEPT)
_MILLISECOND = timedelta(milliseconds=1)


def judge(record: UsageRecord, received_at: datetime, limits: PlausibilityLimits) -> Verdict:
    """Judge a record that was received at that time.

    A clock ahead of ours puts usage into hours (and months) that have not come: no person can
    make that right by a click, so it is turned away.
    """
    if record.at > received_at + limits.most_ahead:
        minutes = limits.most_ahead // timedelta(minutes=1)
        return Verdict(Judgement.QUARANTINE, f"at is more than {minutes} minutes ahead")
    if record.at < received_at - limits.oldest:
        return Verdict(Judgement.HOLD, f"at is more than {limits.oldest.days} days ago")
    if record.requests and record.tokens.total > limits.most_tokens_per_request * record.requests:
        told = f"more than {limits.most_tokens_per_request} tokens a request"
        return Verdict(Judgement.HOLD, told)
    if record.requests > limits.most_requests:
        return Verdict(Judgement.HOLD, f"more than {limits.most_requests} requests")
    if record.tokens.total > limits.most_tokens:
        return Verdict(Judgement.HOLD, f"more than {limits.most_tokens} tokens")
    if (record.latency_ms or 0) > limits.longest_latency // _MILLISECOND:
        hours = limits.longest_latency // timedelta(hours=1)
        return Verdict(Judgement.HOLD, f"latency_ms is more than {hours} hours")
    return ACCEPTED


def judge_cost(record: UsageRecord, usd: Money, limits: PlausibilityLimits) -> Verdict:
    """Judge what a record costs, by its mean request; sums that tell no requests have none."""
    most = limits.dearest_request
    if most is not None and record.requests and usd > most.times(record.requests):
        return Verdict(Judgement.HOLD, f"costs more than {most.plain()} USD a request")
    return ACCEPTED
