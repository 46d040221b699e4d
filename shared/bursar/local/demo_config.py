"""The demo's bursar.yaml: two clusters on loopback ports that are free on this machine."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml

from bursar.config import Config
from bursar.config.bursar_yaml import validated
from bursar.local.gateway_traffic import GATEWAY
from bursar.local.issuer import ISSUER
from bursar.local.scenario.model_usage import SELF_HOSTED, TENANTS

ACCOUNT = "123456789012"
REGION = "us-east-1"
CLUSTERS = ("inference", "training")
SNAPSHOT_EVERY_MINUTES = 15

_PEOPLE = (  # each with their roles; a manager of one team, and one of another
    ("requester", "requester"),
    ("owner", "owner"),
    ("manager", "engineering-manager"),
    ("manager2", "engineering-manager"),
    ("director", "director"),
    ("vp", "vp"),
    ("viewer", "viewer"),
)


def write_demo_config(path: Path) -> None:
    """Write the file that both the synthesis and the demo read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ports = free_ports(len(CLUSTERS))
    text = yaml.safe_dump(demo_config(dict(zip(CLUSTERS, ports, strict=True))), sort_keys=False)
    path.write_text(f"# Written anew by each `make demo`.\n{text}", encoding="utf-8")


def read_demo_config(path: Path) -> Config:
    return validated(yaml.safe_load(path.read_text(encoding="utf-8")))


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def demo_config(ports: dict[str, int]) -> dict[str, Any]:
    return {
        "version": 1,
        "organisation": "example",
        "account": ACCOUNT,
        "region": REGION,
        "clusters": [
            {
                "name": name,
                "region": REGION,
                "endpoint": f"http://127.0.0.1:{port}",
                "snapshot_every_minutes": SNAPSHOT_EVERY_MINUTES,
                "labels": ["team"],
            }
            for name, port in ports.items()
        ],
        "usage": {
            "producers": [
                {
                    "name": GATEWAY,
                    "role_arns": [f"arn:aws:iam::{ACCOUNT}:role/{GATEWAY}"],
                    "tenants": ["*"],
                    "accounts": [_account("gateway")],
                }
            ],
        },
        "attribution": {
            "categories": [{"where": {"clusters": ["training"]}, "category": "training"}],
            "teams": dict.fromkeys(TENANTS, "products"),
            "self_hosted": {"models": {model: model for model in SELF_HOSTED}},
            "rules": [
                {"name": "namespaces are teams", "kind": "direct", "by": "namespace"},
                {
                    "name": "idle to those whose models run beside it",
                    "kind": "proportional",
                    "metric": "cost",
                    "within": ["cluster"],
                    "where": {"kinds": ["idle"]},
                },
            ],
        },
        "budgets": [
            _budget("organisation", "org=example", 40_000, "finance", reported=(80, 100)),
            _budget("inference", "cluster=inference", 16_000, "platform", actual=(80, 100)),
            _budget("training", "cluster=training", 9_000, "research", actual=(80, 100)),
            _budget(
                "llama",
                "cluster=inference,model=llama-3-1-8b",
                6_000,
                "platform",
                actual=(80, 100),
            ),
            _budget(
                "model-apis",
                "org=example,category=external_api",
                20_000,
                "platform",
                actual=(80, 100),
                enforced=True,
            ),
            _budget("acme", "tenant=acme", 14_000, "platform", actual=(80, 100)),
            _budget(
                "research-day",
                "cluster=training,namespace=research",
                600,
                "research",
                period="day",
                actual=(80, 100, 200),
            ),
        ],
        "governance": {
            "people": [_person(name, *roles) for name, *roles in _PEOPLE],
            "teams": [
                {"name": "research", "owns": ["namespace=research"]},
                {"name": "platform", "owns": ["cluster=inference"]},
                {"name": "products", "owns": [f"tenant={tenant}" for tenant in TENANTS]},
            ],
        },
        "owners": {
            "finance": {"emails": ["finops@example.com"]},
            "platform": {"emails": ["platform-oncall@example.com"]},
            "research": {"emails": ["research-manager@example.com"]},
        },
        "notifications": {
            "catch_all": ["cost-guard@example.com"],
            "slack": {"workspace_id": "T0EXAMPLE", "channel_id": "C0EXAMPLE"},
        },
        "spend": {"tag": "team", "pages_per_day": 12},
        "series": {"history_hours": 14 * 24},
    }


def _person(name: str, *roles: str) -> dict[str, Any]:
    email = f"{name}@example.com"
    return {"id": email, "email": email, "roles": list(roles), "accounts": [_account(name)]}


def _account(name: str) -> dict[str, str]:
    """What the local issuer calls somebody."""
    return {"issuer": ISSUER, "subject": f"{name}@example.com"}


def _budget(
    id_: str,
    scope: str,
    limit: int,
    owner: str,
    *,
    period: str = "month",
    actual: tuple[int, ...] = (),
    reported: tuple[int, ...] = (),
    enforced: bool = False,
) -> dict[str, Any]:
    basis, percents = ("reported", reported) if reported else ("actual", actual)
    thresholds = [
        {
            "percent": percent,
            "basis": basis,
            "severity": "warning" if percent < 100 else "critical",
        }
        for percent in percents
    ]
    if period == "month":
        thresholds.append({"percent": 100, "basis": "projected", "severity": "warning"})
    return {
        "id": id_,
        "scope": scope,
        "limit": limit,
        "period": period,
        "thresholds": thresholds,
        "enforced": enforced,
        "owner": owner,
    }
