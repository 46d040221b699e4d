"""The example's LLM gateway: one record an hour for each tenant, feature and model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from bursar.domain.usage.records import UsageRecord
from bursar.local.scenario import Scenario
from bursar.local.scenario.model_usage import HourOfUsage, usage_of_hour

GATEWAY = "llm-gateway"
_TOLD_AT = timedelta(minutes=59)


def usage_records(scenario: Scenario, hour: datetime) -> Iterator[UsageRecord]:
    """What it tells of an hour, as the ledger posts it."""
    for used in usage_of_hour(scenario.calendar, scenario.seed, hour):
        yield UsageRecord(
            producer=GATEWAY,
            id=_id(used),
            at=used.at + _TOLD_AT,
            tenant=used.tenant,
            model=used.traffic.model,
            provider=used.traffic.provider,
            feature=used.traffic.feature,
            requests=used.requests,
            tokens=used.tokens,
            source="bursar",
        )


def usage_message(scenario: Scenario, hour: datetime) -> str:
    """The same, as the body of one message."""
    return json.dumps(
        [_told(used) for used in usage_of_hour(scenario.calendar, scenario.seed, hour)]
    )


def _told(used: HourOfUsage) -> dict[str, Any]:
    return {
        "id": _id(used),
        "at": (used.at + _TOLD_AT).isoformat(),
        "tenant": used.tenant,
        "model": used.traffic.model,
        "provider": used.traffic.provider,
        "feature": used.traffic.feature,
        "requests": used.requests,
        "input_tokens": used.tokens.input,
        "cached_input_tokens": used.tokens.cached_input,
        "output_tokens": used.tokens.output,
    }


def _id(used: HourOfUsage) -> str:
    return f"{used.at:%Y-%m-%dT%H}/{used.tenant}/{used.traffic.feature}/{used.traffic.model}"
