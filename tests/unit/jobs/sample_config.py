"""A bursar.yaml for tests: one cluster, and the budgets that a test asks for."""

from __future__ import annotations

from typing import Any

from bursar.config import Config
from bursar.config.bursar_yaml import validated

ACCOUNT = "111122223333"


def config(*budgets: dict[str, Any], **changes: Any) -> Config:
    plain = {
        "version": 1,
        "organisation": "acme",
        "account": ACCOUNT,
        "region": "eu-west-1",
        "clusters": [{"name": "prod", "region": "eu-west-1", "endpoint": "https://prod"}],
        "budgets": budgets,
        "owners": {"ana": {"emails": ["ana@example.com"]}},
        "notifications": {"catch_all": ["ops@example.com"]},
    }
    return validated(plain | changes)


def budget(scope: str, limit: str, **others: Any) -> dict[str, Any]:
    return {"id": "search", "scope": scope, "limit": limit, "owner": "ana"} | others
