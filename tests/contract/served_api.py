"""The API as it is served: the local gateway's routes and tokens, real adapters, moto's table.

Only the workflow stands in memory; the embedded one is under test in tests/e2e.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import boto3
from moto import mock_aws

from bursar import wiring
from bursar.adapters.memory.governance import MemoryWorkflow
from bursar.config.bursar_yaml import bundled, validated
from bursar.jobs.chain_audit import chain_audit
from bursar.jobs.open_windows import open_windows
from bursar.local.demo_config import ACCOUNT, CLUSTERS, REGION, demo_config
from bursar.local.embedded.clock import Clock
from bursar.local.embedded.cloud import EmbeddedCloud
from bursar.local.embedded.functions import Route
from bursar.local.embedded.http_gateway import HttpAnswer, HttpGateway, HttpRequest
from bursar.local.http_server import handler, listen
from bursar.local.issuer import LocalIssuer
from bursar.settings import ServeApiSettings
from bursar.web.api.app import answer, build_api
from infra.constructs.http_api import MACHINES, OPEN, PEOPLE, SLACK
from tests.contract.slack_workspace import CHANNEL, SECRET, TEAM

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LIMIT_USD = "100"
ENFORCED = {
    "id": "globex",
    "scope": "tenant=globex",
    "limit": LIMIT_USD,
    "owner": "platform",
    "enforced": True,
}
SLACK_APP = {
    "team_id": TEAM,
    "channel_id": CHANNEL,
    "signing_secret": "signing",
    "bot_token_secret": "token",
}
_AUTHORIZATIONS = {"NONE": (*OPEN, *SLACK), "AWS_IAM": MACHINES, "JWT": PEOPLE}
_CONTEXT = SimpleNamespace(function_name="serve_api", aws_request_id="1")


def slack_user(person: str) -> str:
    return f"U0{person.upper()}"


class ServedApi:
    def __init__(self, directory: Path, settings: ServeApiSettings) -> None:
        self.ports = wiring.Ports(settings)
        self.ports.governance.__dict__["workflow"] = MemoryWorkflow()
        of = self.ports.admission
        open_windows(NOON, windows=of.windows, budgets=of.budgets)
        self.clock = Clock(NOON)
        self.key = directory / "key.pem"
        self.issuer = LocalIssuer(ACCOUNT, self.key)
        self.failures: list[BaseException] = []
        self._api, self._one_at_a_time = build_api(), threading.Lock()
        routes = [
            Route(key, "serve_api", kind) for kind, keys in _AUTHORIZATIONS.items() for key in keys
        ]
        cloud = SimpleNamespace(
            deployment=SimpleNamespace(routes=routes),
            account=ACCOUNT,
            clock=self.clock,
            invoke=self._invoke,
            settle=lambda: None,
        )
        self._gateway = HttpGateway(cast(EmbeddedCloud, cloud), self.issuer.authorize)

    def _invoke(self, _: str, event: dict[str, Any]) -> Any:
        try:
            told = answer(self._api, event, _CONTEXT, self.ports)
        except Exception as error:  # noqa: BLE001 what Lambda would make a 500 of
            self.failures.append(error)
            return SimpleNamespace(succeeded=False)
        return SimpleNamespace(succeeded=True, response=told)

    def answer(self, request: HttpRequest) -> HttpAnswer:
        with self._one_at_a_time:
            return self._gateway.answer(request)

    def token(self, who: str) -> str:
        return self.issuer.token(f"{who}@example.com")

    def call(self, who: str, route: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and JSON; `who` is of the example people, nobody where it is empty."""
        method, path = route.split(" ")
        path, _, query = path.partition("?")
        sent = {"authorization": f"Bearer {self.token(who)}"} if who else {}
        text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
        request = HttpRequest(method, path, query, sent | headers, text.encode())
        told = self.answer(request)
        kind = "application/json" if told.status < 400 else "application/problem+json"
        assert told.headers["content-type"] == kind
        return told.status, json.loads(told.body)

    def chain(self) -> None:
        """Move what waits into the audit's chain."""
        audit = self.ports.governance.audit
        chain_audit(audit, audit)

    @contextmanager
    def listening(self) -> Iterator[str]:
        """The URL of a loopback server."""
        server = listen(0)
        server.RequestHandlerClass = handler(self.answer)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@contextmanager
def serving(directory: Path, table_definition: Any) -> Iterator[ServedApi]:
    """The demo's organisation; one budget alone is enforced, 100 USD for the tenant globex."""
    values = demo_config(dict.fromkeys(CLUSTERS, 1))
    watched = [each for each in values["budgets"] if not each["enforced"]]
    values["budgets"] = [*watched, ENFORCED]
    values["governance"] |= {"slack": SLACK_APP}
    for person in values["governance"]["people"]:
        person["slack_user_id"] = slack_user(person["id"].split("@")[0])
    config = validated(values)
    file = directory / "bursar.json"
    file.write_bytes(bundled(config))
    settings = ServeApiSettings(config_file=str(file), table_name="bursar", usage_bucket="usage")
    with mock_aws():
        boto3.resource("dynamodb", REGION).create_table(
            TableName="bursar", BillingMode="PAY_PER_REQUEST", **table_definition
        )
        boto3.client("s3", REGION).create_bucket(Bucket="usage")
        boto3.client("secretsmanager", REGION).create_secret(Name="signing", SecretString=SECRET)
        wiring._client.cache_clear()
        boto3.setup_default_session(region_name=REGION)
        try:
            yield ServedApi(directory, settings)
        finally:
            wiring._client.cache_clear()
            boto3.DEFAULT_SESSION = None
