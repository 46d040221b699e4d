"""Stops on the real template: a cluster's API takes them, keeps to them, and is given back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from bursar.adapters.dynamodb.budgets import DynamoBudgetStore
from bursar.adapters.dynamodb.governance.audit import DynamoAudit
from bursar.adapters.dynamodb.ledger.windows import DynamoEnforcedWindows
from bursar.adapters.dynamodb.outbox import DynamoOutbox
from bursar.adapters.dynamodb.stops import DynamoStops
from bursar.adapters.kubernetes_api.roles import manifests, stop_manifests
from bursar.domain.budgets import BudgetState
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.money import Money
from bursar.jobs.review_stop import reverse_stop
from bursar.local.demo_config import ACCOUNT, REGION, free_ports
from bursar.local.embedded.cloud import EmbeddedCloud
from bursar.local.kubernetes_objects import Call, KubernetesObjects, RefusedError
from bursar.local.kubernetes_server import KubernetesServer
from tests.contract.stop_cluster import GPU, job_object, pod_object, pool_object, queue_object

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOVEMBER, DECEMBER = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
STOP = "prod-20261101-automatic-1"
QUOTA = f"bursar-stop-{STOP}"
NODE = {
    "metadata": {"name": "n1", "labels": {"karpenter.sh/nodepool": "gpu"}},
    "spec": {},
    "status": {"capacity": {"cpu": "192", "memory": "2Ti", GPU: "8"}},
}


def config(port: int) -> dict[str, Any]:
    automatic = ("cap_accelerators", "hold_queues", "cap_node_pools", "suspend_queued_jobs")
    return {
        "version": 1,
        "organisation": "example",
        "account": ACCOUNT,
        "region": REGION,
        "clusters": [{"name": "prod", "region": REGION, "endpoint": f"http://127.0.0.1:{port}"}],
        "budgets": [
            {"id": "prod", "scope": "cluster=prod", "limit": "1000", "owner": "platform"},
            {
                "id": "acme",
                "scope": "tenant=acme",
                "limit": "100",
                "owner": "platform",
                "enforced": True,
            },
        ],
        "owners": {"platform": {"emails": ["platform@example.com"]}},
        "notifications": {"catch_all": ["finops@example.com"]},
        "spend": {"enabled": False},
        "stops": {
            "mode": "enforce",
            "actions": {
                "refuse_reservations": "automatic",
                "send_event": "automatic",
                **dict.fromkeys(automatic, "automatic"),
            },
        },
    }


class Stopping:
    """The deployed function, the cluster behind its API, and what is kept of stops."""

    def __init__(self, cloud: EmbeddedCloud, stored: KubernetesObjects) -> None:
        self.cloud, self.cluster = cloud, stored
        table = cloud.resource("dynamodb").Table(cloud.deployment.outputs["TableName"])
        self.stops, self.audit, self.outbox = (
            kind(table) for kind in (DynamoStops, DynamoAudit, DynamoOutbox)
        )
        self.windows, self._budgets = DynamoEnforcedWindows(table), DynamoBudgetStore(table)

    def spend(self, budget_id: str, usd: str, limit: str) -> None:
        state = BudgetState(
            budget_id=budget_id,
            starts_at=NOVEMBER,
            ends_at=DECEMBER,
            limit=Money.of(limit),
            spent=Money.of(usd),
            projected=None,
            as_of=NOON,
        )
        assert self._budgets.commit(None, state, ())

    def run(self, at: datetime = NOON) -> dict[str, Any]:
        outcome = self.cloud.send_event("enforce_stop", {"scheduled_at": at.isoformat()})
        assert outcome.succeeded, outcome.response
        return dict(outcome.response)

    def spec(self, plural: str, name: str, namespace: str = "research") -> Any:
        found = self.cluster.get(plural, name, namespace)
        return found and found["spec"]

    def start_pod(self, name: str, gpus: int) -> None:
        """What anybody's controller does."""
        body = json.dumps(pod_object(name, gpus)).encode()
        self.cluster.answer(Call("POST", "/api/v1/namespaces/research/pods", body=body))


@pytest.fixture(scope="module")
def stopping(
    synthesize: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stopping]:
    directory = tmp_path_factory.mktemp("stops")
    (port,) = free_ports(1)
    file = directory / "bursar.yaml"
    file.write_text(yaml.safe_dump(config(port)))
    done = synthesize(file, directory / "assembly", "--disposable")
    assert done.returncode == 0, done.stderr
    running = [pod_object(f"trainer-{n}", labels={"app": "trainer"}) for n in range(4)]
    lists = {"nodes": [NODE], "pods": running}
    stored = KubernetesObjects(pods=lambda: running)
    stored.grant(*manifests())
    pods = {"apiGroups": [""], "resources": ["pods"], "verbs": ["create"]}
    stored.grant({"rules": [pods]})  # what the cluster's own controllers may
    stored.put("localqueues", queue_object("None"))
    stored.put("nodepools", pool_object({"cpu": "1000"}))
    stored.put("jobs", job_object())
    server = KubernetesServer(
        lists.__getitem__,
        lambda token: token.startswith("k8s-aws-v1."),
        port=port,
        stored=stored,
    )
    with (
        server,
        EmbeddedCloud(region=REGION, now=NOON, directory=directory / "lambda") as cloud,
    ):
        cloud.deploy(directory / "assembly")
        yield Stopping(cloud, stored)


def test_a_stop_waits_for_its_role_holds_the_cluster_and_gives_it_back(
    stopping: Stopping,
) -> None:
    """Four GPUs run and may be rolled out one by one: a quota of 5."""
    stopping.spend("prod", "1000", limit="1000")
    assert stopping.run() == {"begun": [STOP], "ended": [], "open": 1}
    stop = stopping.stops.find(STOP)
    assert stop is not None
    assert "403" in stop.unplanned["prod"] and "is forbidden" in stop.unplanned["prod"]
    assert stopping.spec("localqueues", "gpu")["stopPolicy"] == "None"

    stopping.cluster.grant(*stop_manifests())
    stopping.run(NOON + timedelta(minutes=5))
    assert stopping.spec("resourcequotas", QUOTA) == {"hard": {f"requests.{GPU}": "5"}}
    assert stopping.spec("localqueues", "gpu")["stopPolicy"] == "Hold"
    assert stopping.spec("nodepools", "gpu", "")["limits"] == {"cpu": "1000", GPU: "8"}
    assert stopping.spec("jobs", "waits")["suspend"] is True
    with pytest.raises(RefusedError, match=f"exceeded quota: {QUOTA}"):
        stopping.start_pod("two-more", 2)
    stopping.start_pod("rolled-out", 1)
    stopping.start_pod("no-gpu", 0)

    reverse_stop(STOP, "ada", "agreed with finance", NOON, stops=stopping.stops)
    stopping.run(NOON + timedelta(minutes=10))
    assert stopping.spec("resourcequotas", QUOTA) is None
    assert stopping.spec("localqueues", "gpu")["stopPolicy"] == "None"
    assert stopping.spec("nodepools", "gpu", "")["limits"] == {"cpu": "1000"}
    assert stopping.spec("jobs", "waits")["suspend"] is False
    assert stopping.stops.open() == []
    kinds = {row.alert.kind for row in stopping.outbox.recent()}
    assert kinds == {"stop.applied", "stop.reversed"}
    actions = [json.loads(each.body)["action"] for each in stopping.audit.waiting(99)]
    assert {"stop.applied", "stop.worked", "stop.reversed"} == set(actions)
    assert actions.count("stop.applied") == actions.count("stop.reversed") == 1


def test_an_enforced_budget_refuses_until_its_stop_expires_and_whoever_listens_is_told(
    stopping: Stopping,
) -> None:
    events, sqs = stopping.cloud.client("events"), stopping.cloud.client("sqs")
    url = sqs.create_queue(QueueName="listener")["QueueUrl"]
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    events.put_rule(Name="listener", EventPattern=json.dumps({"source": ["bursar"]}))
    target = {"Id": "queue", "Arn": told["Attributes"]["QueueArn"]}
    events.put_targets(Rule="listener", Targets=[target])
    window = BudgetWindow("acme", NOVEMBER)

    def is_stopped() -> bool:
        balance = stopping.windows.balance(window)
        assert balance is not None
        return balance.stopped

    stopping.spend("acme", "105", limit="100")
    assert stopping.run(NOON + timedelta(hours=1))["begun"] == ["acme-20261101-automatic-1"]
    assert is_stopped()
    stopping.run(NOON + timedelta(days=7, hours=1))
    assert not is_stopped()

    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    kinds = [json.loads(message["Body"])["detail-type"] for message in messages]
    assert sorted(kinds) == ["Budget Stop Active", "Budget Stop Expired"]
