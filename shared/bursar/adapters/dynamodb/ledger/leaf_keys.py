"""A leaf's key as text: a JSON array whose parts may hold any character."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from bursar.domain.ledger.entries import LeafKey, Pricing

_HOUR = "%Y-%m-%dT%H"


def write_hour(hour: datetime) -> str:
    return f"{hour.astimezone(UTC):{_HOUR}}"


def read_hour(text: str) -> datetime:
    return datetime.strptime(text, _HOUR).replace(tzinfo=UTC)


def write_leaf_key(key: LeafKey) -> str:
    """Without the parts at its end that are empty or as usual: most leaves have few."""
    parts = [write_hour(key.hour), *key[1:]]
    usual = LeafKey(key.hour, "", "")
    while len(parts) > 3 and parts[-1] == usual[len(parts) - 1]:
        parts.pop()
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def read_leaf_key(text: str) -> LeafKey:
    hour, *rest = json.loads(text)
    key = LeafKey(read_hour(hour), *rest)
    return key._replace(pricing=Pricing(key.pricing))
