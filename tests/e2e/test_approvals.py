"""Approvals on the real template: requests over HTTP, waits on the simulated clock."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from bursar.adapters.dynamodb.governance.audit import DynamoAudit
from bursar.adapters.s3_audit_anchors import S3AuditAnchors
from bursar.jobs.verify_audit import verify_audit
from bursar.local.demo_config import ACCOUNT, CLUSTERS, REGION, demo_config
from bursar.local.embedded.cloud import EmbeddedCloud
from bursar.local.embedded.http_gateway import HttpGateway, HttpRequest
from bursar.local.issuer import LocalIssuer

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Approvals:
    """The deployed API and workflow, as people meet them."""

    def __init__(self, cloud: EmbeddedCloud, issuer: LocalIssuer) -> None:
        self.cloud, self._issuer = cloud, issuer
        self._gateway = HttpGateway(cloud, issuer.authorize)

    def call(self, who: str, route: str, body: Any = None) -> tuple[int, Any]:
        method, path = route.split(" ")
        path, _, query = path.partition("?")
        token = self._issuer.token(f"{who}@example.com") if who else ""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        text = b"" if body is None else json.dumps(body).encode()
        told = self._gateway.answer(HttpRequest(method, path, query, headers, text))
        return told.status, json.loads(told.body)

    def ask(self, amount: str = "120000", who: str = "requester") -> str:
        body = {
            "policy": "training-job",
            "scope": {"cluster": "training", "namespace": "research"},
            "amount_usd": amount,
            "purpose": "a training run",
            "justification": "the old one overfits",
            "business_impact": "the launch waits for it",
            "until": (self.cloud.clock.now + timedelta(days=30)).isoformat(),
        }
        status, told = self.call(who, "POST /v1/exceptions", body)
        assert (status, told["status"]) == (201, "pending")
        return str(told["id"])

    def decide(self, who: str, id_: str, decision: str = "approve", version: int = 1) -> int:
        body = {"decision": decision, "version": version}
        return self.call(who, f"POST /v1/exceptions/{id_}/decisions", body)[0]

    def shown(self, id_: str) -> Any:
        return self.call("viewer", f"GET /v1/exceptions/{id_}")[1]

    def execution(self, id_: str, version: int = 1) -> Any:
        [found] = [
            each for each in self.cloud.workflows.executions if each.name == f"{id_}-{version}"
        ]
        return found

    def wait(self, **time: float) -> None:
        """Let time pass for the workflows alone."""
        until = self.cloud.clock.now + timedelta(**time)
        self.cloud.time_out_waits(until)
        self.cloud.clock.set(until)


@pytest.fixture(scope="module")
def approvals(
    synthesize: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Approvals]:
    directory = tmp_path_factory.mktemp("approvals")
    config = directory / "bursar.yaml"
    config.write_text(yaml.safe_dump(demo_config(dict.fromkeys(CLUSTERS, 1))))
    done = synthesize(config, directory / "assembly", "--disposable")
    assert done.returncode == 0, done.stderr
    issuer = LocalIssuer(ACCOUNT, directory / "key.pem")
    with EmbeddedCloud(region=REGION, now=NOON, directory=directory / "lambda") as cloud:
        cloud.deploy(directory / "assembly")
        yield Approvals(cloud, issuer)


def test_three_people_sign_and_the_amount_may_be_spent(approvals: Approvals) -> None:
    id_ = approvals.ask()
    waiting = approvals.execution(id_)
    assert (waiting.state, waiting.data["tier"]) == ("Ask", "engineering-manager")

    for who, then in (("manager", "director"), ("director", "vp")):
        assert approvals.decide(who, id_) == 200
        assert (waiting.state, waiting.data["tier"]) == ("Ask", then)
    assert approvals.decide("vp", id_) == 200

    assert (waiting.status, waiting.data["outcome"]) == ("SUCCEEDED", "approved")
    shown = approvals.shown(id_)
    assert shown["status"] == "approved"
    assert shown["allowance"]["remaining_usd"] == "120000"


def test_what_was_decided_is_chained_at_once(approvals: Approvals) -> None:
    before = approvals.call("viewer", "GET /v1/audit")[1]["head"]["number"]
    id_ = approvals.ask("1000")
    assert approvals.decide("manager", id_, "deny") == 200
    told = approvals.call("viewer", f"GET /v1/audit?after={before}")[1]
    bodies = [json.loads(each["body"]) for each in told["records"]]
    assert [each["action"] for each in bodies] == ["exception.opened", "exception.decided"]


def test_one_no_ends_it(approvals: Approvals) -> None:
    id_ = approvals.ask("1000")
    assert approvals.decide("manager2", id_, "deny") == 200
    assert approvals.execution(id_).data["outcome"] == "denied"
    assert approvals.decide("manager", id_) == 409
    assert approvals.shown(id_)["allowance"] is None


def test_nobody_decides_on_their_own_request_and_a_viewer_asks_for_nothing(
    approvals: Approvals,
) -> None:
    own = approvals.ask("1000", who="manager")
    assert approvals.decide("manager", own) == 403
    assert approvals.decide("viewer", own) == 403
    assert approvals.call("viewer", "POST /v1/exceptions", {})[0] == 403
    assert approvals.call("", "POST /v1/exceptions", {})[0] == 401
    assert approvals.decide("manager2", own, "deny") == 200


def test_the_second_of_two_windows_is_told_that_it_is_too_late(approvals: Approvals) -> None:
    id_ = approvals.ask("60000")
    assert approvals.decide("manager", id_) == 200
    assert approvals.decide("manager", id_) == 409
    assert approvals.decide("manager2", id_) == 409
    assert approvals.decide("director", id_, "deny") == 200


def test_silence_is_reminded_after_a_day_and_denies_after_three(approvals: Approvals) -> None:
    id_ = approvals.ask("1000")
    waiting = approvals.execution(id_)
    approvals.wait(hours=24)
    assert waiting.state == "Remind"
    approvals.wait(hours=48)
    assert approvals.shown(id_)["status"] == "expired"
    assert approvals.decide("manager", id_) == 410
    assert waiting.state == "Remind"  # a decision that was stored in time might still be heard

    approvals.wait(minutes=5)
    assert (waiting.status, waiting.data["outcome"]) == ("SUCCEEDED", "expired")
    assert approvals.decide("manager", id_) == 410


def test_a_decision_after_the_reminder_is_heard(approvals: Approvals) -> None:
    id_ = approvals.ask("1000")
    approvals.wait(hours=30)
    assert approvals.decide("manager", id_) == 200
    waiting = approvals.execution(id_)
    # with the 120,000 that the team was granted, a thousand more needs all three
    assert (waiting.state, waiting.data["tier"]) == ("Ask", "director")
    assert approvals.decide("director", id_, "deny") == 200


def test_a_decision_a_second_before_the_deadline_asks_the_next_tier(approvals: Approvals) -> None:
    id_ = approvals.ask("60000")
    approvals.wait(hours=72, seconds=-1)
    assert approvals.decide("manager", id_) == 200
    approvals.wait(minutes=6)
    waiting = approvals.execution(id_)
    assert (waiting.state, waiting.data["tier"]) == ("Ask", "director")
    assert approvals.decide("director", id_, "deny") == 200


def test_an_edit_ends_the_execution_and_starts_another(approvals: Approvals) -> None:
    id_ = approvals.ask("60000")
    assert approvals.decide("manager", id_) == 200
    edit = {"version": 1, "purpose": "a shorter run"}
    assert approvals.call("requester", f"PATCH /v1/exceptions/{id_}", edit)[0] == 200
    assert approvals.execution(id_).data["outcome"] == "superseded"
    assert approvals.execution(id_, 2).data["tier"] == "engineering-manager"
    assert approvals.decide("manager", id_) == 409
    assert approvals.decide("manager", id_, "deny", version=2) == 200


def test_the_audit_of_it_all_is_chained_anchored_and_whole(approvals: Approvals) -> None:
    cloud = approvals.cloud
    outputs = cloud.deployment.outputs
    audit = DynamoAudit(cloud.resource("dynamodb").Table(outputs["TableName"]))
    anchors = S3AuditAnchors(cloud.client("s3"), outputs["AuditBucket"])
    at = cloud.clock.now.isoformat()
    for part in ("chain", "anchor"):
        outcome = cloud.send_event("chain_audit", {"scheduled_at": at, "part": part})
        assert outcome.succeeded, outcome.response

    assert audit.waiting(10) == []
    [anchored] = anchors.all()
    assert anchored == audit.head()
    assert verify_audit(audit, anchors) == []
    _, told = approvals.call("viewer", "GET /v1/audit")
    assert told["head"]["number"] == anchored.number >= 20


def test_what_runs_is_resumed_as_it_is(approvals: Approvals) -> None:
    id_ = approvals.ask("1000")
    before = len(approvals.cloud.workflows.executions)
    at = approvals.cloud.clock.now.isoformat()
    outcome = approvals.cloud.send_event("resume_workflows", {"scheduled_at": at})
    assert outcome.response == {"pending": 1}
    assert len(approvals.cloud.workflows.executions) == before
    assert approvals.decide("manager", id_, "deny") == 200


def test_no_token_stands_in_any_log(approvals: Approvals) -> None:
    logs = "".join(
        approvals.cloud.log(name)
        for name in ("serve_api", "ask_approver", "remind_approver", "resolve_tier")
    )
    tokens = approvals.cloud.workflows.issued_tokens
    assert len(tokens) > 10
    assert not [each for each in re.findall(r"[0-9a-f]{32}", logs) if each in tokens]
    ended = {each.status for each in approvals.cloud.workflows.executions}
    assert ended == {"SUCCEEDED"}
