"""The real template on the embedded AWS, served on loopback as `bursar local serve` does it."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bursar.adapters.dynamodb.budgets import DynamoBudgetStore
from bursar.domain.budgets import BudgetState
from bursar.domain.money import Money
from bursar.local.clock_control import PATH, ClockControl
from bursar.local.demo_config import ACCOUNT, CLUSTERS, REGION, demo_config
from bursar.local.embedded.cloud import EmbeddedCloud
from bursar.local.embedded.http_gateway import HttpGateway
from bursar.local.http_server import NewestPages, answering, handler, listen
from bursar.local.issuer import LocalIssuer
from bursar.local.sign_in import LocalSignIn

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
RESEARCH = {"cluster": "training", "namespace": "research"}


def config() -> dict[str, Any]:
    """The demo's, with one budget of research that is enforced."""
    values = demo_config(dict.fromkeys(CLUSTERS, 1))
    values["budgets"].append(
        {
            "id": "research-runs",
            "scope": "cluster=training,namespace=research",
            "limit": 50_000,
            "owner": "research",
            "enforced": True,
        }
    )
    return values


class ServedGuard:
    """Where it is served, and what can be asked of it beside the browser."""

    def __init__(self, cloud: EmbeddedCloud, issuer: LocalIssuer, url: str) -> None:
        self.cloud, self.url, self._issuer = cloud, url, issuer

    def call(
        self, who: str, route: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """The status and JSON of an answer; nobody signs in without a name."""
        method, path = route.split(" ")
        sent = {"Content-Type": "application/json", **(headers or {})}
        if who:
            sent["Authorization"] = f"Bearer {self._issuer.token(f'{who}@example.com')}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - loopback
            self.url + path, data, sent, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                text = answer.read()
                return answer.status, _json(text)
        except urllib.error.HTTPError as refused:
            return refused.code, _json(refused.read())

    def ask(self, amount: str = "120000", **told: Any) -> str:
        body = {
            "policy": "training-job",
            "scope": RESEARCH,
            "amount_usd": amount,
            "purpose": "a training run",
            "justification": "the old one overfits",
            "business_impact": "the launch waits for it",
            "until": (self.cloud.clock.now + timedelta(days=30)).isoformat(),
        }
        status, opened = self.call("requester", "POST /v1/exceptions", body | told)
        assert status == 201, opened
        return str(opened["id"])

    def shown(self, id_: str) -> Any:
        return self.call("viewer", f"GET /v1/exceptions/{id_}")[1]

    def decide(self, who: str, id_: str, decision: str = "approve", version: int = 1) -> int:
        body = {"decision": decision, "version": version}
        return self.call(who, f"POST /v1/exceptions/{id_}/decisions", body)[0]

    def advance(self, **time: float) -> None:
        body = {"advance_seconds": int(timedelta(**time).total_seconds())}
        assert self.call("owner", f"POST {PATH}", body)[0] == 200

    def chain(self) -> None:
        """What the schedule does every hour."""
        at = self.cloud.clock.now.isoformat()
        outcome = self.cloud.send_event("chain_audit", {"scheduled_at": at, "part": "anchor"})
        assert outcome.succeeded, outcome.response


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text.decode()


@contextmanager
def served_guard(assembly: Path, directory: Path) -> Iterator[ServedGuard]:
    server = listen(0)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    issuer = LocalIssuer(ACCOUNT, directory / "key.pem")
    with EmbeddedCloud(
        region=REGION, now=NOON, directory=directory / "lambda", api_url=url
    ) as cloud:
        cloud.deploy(assembly)

        def advance(by: timedelta) -> datetime:
            until = cloud.clock.now + by
            cloud.time_out_waits(until)
            cloud.clock.set(until)
            return until

        server.RequestHandlerClass = handler(
            answering(
                NewestPages(),
                HttpGateway(cloud, issuer.authorize),
                ClockControl(issuer, advance),
                LocalSignIn(issuer, url),
                threading.Lock(),
            )
        )
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            _tell_of_spending(cloud)
            yield ServedGuard(cloud, issuer, url)
        finally:
            server.shutdown()
            server.server_close()


def _tell_of_spending(cloud: EmbeddedCloud) -> None:
    """What a check of the budgets would have left of the month so far."""
    table = cloud.resource("dynamodb").Table(cloud.deployment.outputs["TableName"])
    state = BudgetState(
        budget_id="training",
        starts_at=datetime(2026, 11, 1, tzinfo=UTC),
        ends_at=datetime(2026, 12, 1, tzinfo=UTC),
        limit=Money.of(9_000),
        spent=Money.of("6412.75"),
        projected=Money.of("9870.12"),
        as_of=NOON - timedelta(hours=1),
    )
    assert DynamoBudgetStore(table).commit(None, state, [])
