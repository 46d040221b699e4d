"""EventBridge: events of AWS services, matched against the deployed rules."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.events.models import events_backends

from bursar.local.embedded.errors import UnsupportedTargetError


@dataclass(frozen=True, slots=True)
class Matched:
    """A rule's target and what it is sent."""

    target_arn: str
    event: Any


def envelope(
    source: str,
    detail_type: str,
    detail: Mapping[str, Any],
    time: datetime,
    account: str,
    region: str,
    resources: tuple[str, ...] = (),
) -> dict[str, Any]:
    """An event as EventBridge delivers it."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": account,
        "time": f"{time:%Y-%m-%dT%H:%M:%SZ}",
        "region": region,
        "resources": list(resources),
        "detail": dict(detail),
    }


def matches(event: Any, account: str, region: str) -> Iterator[Matched]:
    """The targets of every enabled rule of the default bus whose pattern the event matches.

    Raises:
        UnsupportedTargetError: a matching target is neither a function nor a queue.
    """
    bus = events_backends[account][region].event_buses["default"]
    for rule in bus.rules.values():
        # a rule with only a schedule has no pattern, which moto takes for one that matches all
        if rule.state != "ENABLED" or not rule.event_pattern.get_pattern():
            continue
        if rule.event_pattern.matches_event(event):
            for target in rule.targets:
                if not re.search(":(lambda|sqs):", target["Arn"]):
                    raise UnsupportedTargetError(f"{rule.name} targets {target['Arn']}")
                constant = target.get("Input")
                yield Matched(target["Arn"], json.loads(constant) if constant else event)
