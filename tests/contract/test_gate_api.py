"""`POST /v1/gate/jobs`: who may ask, and what is answered."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bursar.adapters.memory.job_approvals import MemoryJobApprovals
from bursar.adapters.memory.prices import MemoryPriceStore
from bursar.adapters.published_instance_types import PublishedInstanceTypes
from bursar.domain import prices
from bursar.domain.governance.decisions import Choice
from bursar.domain.money import Money
from bursar.jobs.gate_job import Exceptions
from bursar.web.api.openapi import document
from tests.contract.admission_http import call
from tests.contract.exception_stores import stores_on
from tests.unit.domain.gate.sample_jobs import row
from tests.unit.governance.world import NOON
from tests.unit.jobs.sample_config import config

ROUTE = "POST /v1/gate/jobs"
REGION = "eu-west-1"
PODS = {
    "spec": {
        "nodeSelector": {"karpenter.k8s.aws/instance-family": "p5"},
        "containers": [{"resources": {"limits": {"nvidia.com/gpu": 8, "cpu": 0.5}}}],
    }
}
JOB: dict[str, Any] = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "train", "namespace": "ml"},
    "spec": {"parallelism": 4, "template": PODS},
}


class World:
    """A gateway that may ask; namespace ml is the search team's; a p5 costs 50 USD an hour."""

    def __init__(self) -> None:
        self.stores = stores_on(None)
        store: Any = self.stores.exceptions
        audit: Any = self.stores.audit
        role = "arn:aws:iam::111122223333:role/gateway"
        producer = {"name": "gateway", "role_arns": [role], "tenants": ["*"]}
        owned = row(prices.on_demand(REGION, "p5.48xlarge"), "50")
        self.ports: Any = SimpleNamespace(
            config=config(
                usage={"producers": [producer]},
                governance={"teams": [{"name": "search", "owns": ["namespace=ml"]}]},
            ),
            pages_url="",
            prices=MemoryPriceStore([owned]),
            instance_types=PublishedInstanceTypes(),
            gate_exceptions=Exceptions(store, store, MemoryJobApprovals(store, audit)),
        )

    def ask(self, **body: Any) -> tuple[int, Any]:
        return call(self.ports, ROUTE, {"manifest": JOB, **body}, at=NOON)[:2]


@pytest.fixture
def world() -> World:
    return World()


def promised(answer: object) -> list[object]:
    told = document()["paths"]["/v1/gate/jobs"]["post"]["responses"]["200"]
    schema = told["content"]["application/json"]["schema"]
    return list(Draft202012Validator(schema).iter_errors(answer))


def test_a_job_is_priced_from_the_kept_prices_and_judged(world: World) -> None:
    """4 nodes x 50 h x 50 USD = 10,000 USD; half an hour more is 100 USD more."""
    status, answer = world.ask(hours="50")
    assert (status, answer["verdict"], answer["usd"]) == (200, "approved", "10000")
    status, answer = world.ask(hours=50.5)
    assert (status, answer["verdict"], answer["usd"]) == (200, "approval_required", "10100")
    assert answer["link"].endswith("scope=namespace%3Dml%2Corg%3Dacme%2Cteam%3Dsearch")
    assert promised(answer) == []


def test_an_exception_pays_once_for_the_same_manifest(world: World) -> None:
    step = world.stores.opening("E1", "15000")
    assert world.stores.exceptions.commit(step)
    step = world.stores.deciding(step.new, "emil", Choice.APPROVE)
    assert world.stores.exceptions.commit(step)
    for _ in range(2):
        status, answer = world.ask(hours="60")
        assert (status, answer["verdict"], answer["exception"]) == (200, "approved", "E1")
        assert promised(answer) == []
    left = world.stores.exceptions.allowance("E1")
    assert left is not None
    assert left.remaining == Money.of(3_000)


def test_an_exception_for_a_cluster_pays_for_what_is_said_to_run_there(world: World) -> None:
    step = world.stores.opening("E1", "15000", scope="cluster=prod,namespace=ml")
    assert world.stores.exceptions.commit(step)
    step = world.stores.deciding(step.new, "emil", Choice.APPROVE)
    assert world.stores.exceptions.commit(step)
    anywhere, there = world.ask(hours="60")[1], world.ask(hours="60", cluster="prod")[1]
    assert (anywhere["verdict"], there["verdict"]) == ("approval_required", "approved")
    assert there["exception"] == "E1"


def test_what_has_no_price_is_denied_by_name(world: World) -> None:
    named = {"node.kubernetes.io/instance-type": "g5.xlarge"}
    spec = {"nodeSelector": named, "containers": [{"resources": {"limits": {"cpu": 1}}}]}
    status, answer = world.ask(manifest=[{**JOB, "spec": {"template": {"spec": spec}}}], hours=1)
    assert (status, answer["verdict"], answer["usd"]) == (200, "denied", None)
    assert "g5.xlarge is unpriced" in answer["reason"]
    assert promised(answer) == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "cannot be priced"),
        ({"hours": -1}, "hours: "),
        ({"hours": "1e-999999"}, "hours: "),
        ({"hours": "NaN"}, "hours: "),
        ({"hours": 1, "spot_share": "2"}, "spot_share: "),
        ({"hours": 1, "region": "us-east-1"}, "no prices are kept"),
        ({"hours": 1, "namespace": "\ud800"}, "namespace: "),
        ({"hours": 1, "manifest": 3}, "manifest"),
        ({"hours": 1, "manifest": {**JOB, "spec": {}}}, "spec.template: Field required"),
        ({"hours": 1, "manifest": {**JOB, "metadata": {"namespace": "\ud800"}}}, "namespace: "),
        ({"hours": 1, "more": 1}, "more: "),
        ({"hours": 1, "cluster": "mars"}, "cluster: "),
    ],
)
def test_what_cannot_be_read_is_422_with_its_field(
    world: World, body: dict[str, Any], told: str
) -> None:
    status, problem = world.ask(**body)
    assert (status, told in problem["detail"]) == (422, True)


def test_only_machines_that_are_configured_may_ask(world: World) -> None:
    stranger = "arn:aws:sts::111122223333:assumed-role/stranger/session"
    for by, status in (("", 401), (stranger, 403)):
        assert call(world.ports, ROUTE, {"manifest": JOB}, by=by)[0] == status
