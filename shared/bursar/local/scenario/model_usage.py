"""What the platform's customers ask of its models, hour by hour, as the LLM gateway counts it.

Demand follows the same curve as the replicas that serve it. Some models run on the platform's
own GPUs; others are bought by the token, and their true cost is computed here, by prices of
the scenario's own, for the account's bill.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256

from bursar.domain.usage.records import TokenCounts
from bursar.local.scenario.calendar import HOUR, Calendar, instant

BEDROCK = "aws"
OPENAI = "openai"
SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "amazon.nova-pro-v1:0"
GPT = "gpt-4.1-mini"
_NOISE = 0.18  # an hour's traffic is this far from the curve, at most
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Traffic:
    """What one feature asks of one model: mean tokens of a request, and requests at the peak."""

    feature: str
    team: str
    model: str
    provider: str
    requests_an_hour: int
    input_tokens: int
    output_tokens: int
    cached_percent: int = 0

    @property
    def is_bought(self) -> bool:
        return bool(self.provider)


TRAFFIC = (
    Traffic("answers", "search", "llama-3-1-8b", "", 38_000, 1850, 210, 30),
    Traffic("answers", "search", NOVA, BEDROCK, 2_300, 2400, 320),
    Traffic("chat", "chat", "mistral-7b", "", 41_000, 900, 260, 20),
    Traffic("chat", "chat", SONNET, BEDROCK, 620, 3100, 420, 55),
    Traffic("agent", "assist", "qwen2-72b", "", 2_900, 4200, 640, 40),
    Traffic("agent", "assist", GPT, OPENAI, 3_400, 5200, 480, 35),
    Traffic("images", "media", "sdxl", "", 2_200, 60, 0),
)
SELF_HOSTED = tuple(each.model for each in TRAFFIC if not each.is_bought)

# who uses which feature, in percent of its traffic
TENANTS: Mapping[str, Mapping[str, int]] = {
    "acme": {"answers": 55, "chat": 40, "agent": 60, "images": 35},
    "globex": {"answers": 45, "chat": 35, "images": 65},
    "initech": {"chat": 25, "agent": 40},
}

# USD per million tokens: input, cached input, output
_RATES: Mapping[str, tuple[Decimal, Decimal, Decimal]] = {
    SONNET: (Decimal("3.30"), Decimal("0.33"), Decimal("16.50")),
    NOVA: (Decimal("0.80"), Decimal("0.20"), Decimal("3.20")),
    GPT: (Decimal("0.40"), Decimal("0.10"), Decimal("1.60")),
}


@dataclass(frozen=True, slots=True)
class HourOfUsage:
    """The sums of one UTC hour of one tenant, feature and model."""

    at: datetime
    tenant: str
    traffic: Traffic
    requests: int
    tokens: TokenCounts

    @property
    def true_usd(self) -> Decimal:
        """Of models that are bought by the token; what runs on own GPUs is in their cost."""
        if not self.traffic.is_bought:
            return Decimal(0)
        fresh, cached, output = _RATES[self.traffic.model]
        return (
            fresh * (self.tokens.input - self.tokens.cached_input)
            + cached * self.tokens.cached_input
            + output * self.tokens.output
        ) / _MILLION


def usage_of_hour(calendar: Calendar, seed: int | str, hour: datetime) -> Iterator[HourOfUsage]:
    """What was asked in [hour, hour + 1 h); the same for the same seed, in whatever order. Of own
    models nothing once the pods that serve them have ended."""
    start = int(hour.timestamp())
    load = calendar.load(start + HOUR // 2)
    for traffic in (each for each in TRAFFIC if each.is_bought or start < calendar.last):
        for tenant, percents in TENANTS.items():
            if percent := percents.get(traffic.feature, 0):
                of_it = f"{seed}/{start}/{tenant}/{traffic.feature}/{traffic.model}"
                wanted = traffic.requests_an_hour * percent / 100 * load * _around_one(of_it, 0)
                if requests := round(wanted):
                    tokens = _tokens(traffic, requests, of_it)
                    yield HourOfUsage(instant(start), tenant, traffic, requests, tokens)


def bought_by_team(
    calendar: Calendar, seed: int | str, first: datetime, hours: int, provider: str
) -> dict[str, Decimal]:
    """The true cost of a provider's tokens by team."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    begin = int(first.timestamp())
    for start in range(begin, begin + hours * HOUR, HOUR):
        for used in usage_of_hour(calendar, seed, instant(start)):
            if used.traffic.provider == provider:
                sums[used.traffic.team] += used.true_usd
    return dict(sums)


def _tokens(traffic: Traffic, requests: int, of_it: str) -> TokenCounts:
    asked = round(requests * traffic.input_tokens * _around_one(of_it, 1))
    return TokenCounts(
        input=asked,
        cached_input=asked * traffic.cached_percent // 100,
        output=round(requests * traffic.output_tokens * _around_one(of_it, 2)),
    )


def _around_one(of_it: str, which: int) -> float:
    digest = sha256(f"{of_it}/{which}".encode()).digest()
    return 1 + _NOISE * (int.from_bytes(digest[:4], "big") / 2**31 - 1)
